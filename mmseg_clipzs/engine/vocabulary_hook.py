from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmseg.registry import HOOKS

from mmseg_clipzs.utils import UserError
from mmseg_clipzs.vocabularies import Vocabulary


def unwrap(model, attribute):
    """The segmentor inside DistributedDataParallel and TTA.

    Returns:
        nn.Module | None: The outermost module that has ``attribute``.
    """
    while not hasattr(model, attribute):
        if not hasattr(model, 'module'):
            return None
        model = model.module
    return model


@HOOKS.register_module()
class VocabularyHook(Hook):
    """Give a zero-shot model the names of the data set it is evaluated on.

    A model whose config names a vocabulary keeps it; that list must have as
    many classes as the data set. Other models are left alone, so that any
    mmseg config can share a runtime with zero-shot ones.
    """

    def __init__(self):
        self._follows_data = None

    def before_train(self, runner):
        dataset = runner.train_dataloader.dataset
        if 'classes' in dataset.metainfo:  # image-text pairs have none
            self._apply(runner.model, dataset)

    def before_val(self, runner):
        self._apply(runner.model, runner.val_dataloader.dataset)

    def before_test(self, runner):
        self._apply(runner.model, runner.test_dataloader.dataset)

    def _apply(self, model, dataset):
        model = unwrap(model, 'set_vocabulary')
        if model is None:
            return
        names = dataset.metainfo['classes']
        if self._follows_data is None:
            self._follows_data = model.vocabulary is None
        if self._follows_data:
            model.set_vocabulary(Vocabulary(
                tuple(names), tuple((name, ) for name in names),
                source=type(dataset).__name__))
        if model.num_classes != len(names):
            raise UserError(
                f'The vocabulary {model.vocabulary.source} has '
                f'{model.num_classes} classes, but the data set '
                f'{type(dataset).__name__} has {len(names)} '
                f'({", ".join(names[:3])}, ...). Set model.vocabulary to a '
                'list of that many, in the same order.')
        model.dataset_meta = dict(dataset.metainfo)
        print_log(
            f'{len(names)} classes, {len(model.vocabulary.words)} words '
            f'({model.vocabulary.source}).', logger='current')

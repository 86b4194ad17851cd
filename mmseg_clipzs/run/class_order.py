"""Lists of classes that a run joins by position."""
from mmengine.hooks import Hook

from mmseg_clipzs.checkpoints import dataset_meta_of
from mmseg_clipzs.datasets.fit_loading import classes_of
from mmseg_clipzs.engine import VocabularyHook
from mmseg_clipzs.utils import UserError
from mmseg_clipzs.vocabularies.order import check_order

from .data import datasets_of, require_hook
from .segmentor import has_vocabulary, segmentor_of


def check_class_order(cfg):
    """Check that training and validation have their classes in one order.

    Also makes sure that the words of a model are compared with the names of
    its data, by :class:`~mmseg_clipzs.engine.VocabularyHook`.

    Args:
        cfg (Config): Modified in place if it lacks the hook.

    Raises:
        UserError: The same classes in another order.
    """
    if has_vocabulary(segmentor_of(cfg)):
        require_hook(cfg, VocabularyHook)
    lists = [(classes_of(dataset), f'the {name} data')
             for name, loader in (('training', 'train_dataloader'),
                                  ('validation', 'val_dataloader'))
             for dataset in datasets_of(cfg, loader)]
    lists = [each for each in lists if each[0]]
    for names, owner in lists[1:]:
        first, other = lists[0]
        check_order([[name] for name in names], owner, first, other)


class ClassOrderHook(Hook):
    """Compare a checkpoint's classes with those of the data.

    For models whose checkpoint alone says which class is which.

    Raises:
        UserError: Another number or order of classes.
    """

    _trained = None

    def after_load_checkpoint(self, runner, checkpoint):
        self._trained = dataset_meta_of(checkpoint).get('classes')

    def before_test(self, runner):
        names = runner.test_dataloader.dataset.metainfo.get('classes')
        trained = self._trained
        if not trained or not names:
            return
        if len(trained) != len(names):
            raise UserError(
                f'The checkpoint was trained with {len(trained)} classes '
                f'({", ".join(trained[:3])}, ...), but the data have '
                f'{len(names)} ({", ".join(names[:3])}, ...).')
        check_order([[name] for name in trained], 'the checkpoint', names,
                    'the data')

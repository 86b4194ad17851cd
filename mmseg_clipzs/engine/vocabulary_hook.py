import logging

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmseg.datasets.transforms import LoadAnnotations
from mmseg.registry import HOOKS

from mmseg_clipzs.checkpoints import meta_of, trained_words
from mmseg_clipzs.datasets.availability import leaf_datasets
from mmseg_clipzs.labels import IGNORE_INDEX
from mmseg_clipzs.models.segmentors.vocabulary_mixin import VocabularyMixin
from mmseg_clipzs.utils import UserError
from mmseg_clipzs.vocabularies import (
    BACKGROUND,
    Vocabulary,
    get_vocabulary,
)

from .unwrap import unwrap


@HOOKS.register_module()
class VocabularyHook(Hook):
    """Set a zero-shot model's classes to those of the dataset.

    If the model's config names a vocabulary, it is kept and must have as many
    classes as the dataset. Models without a vocabulary are left alone, so the
    hook can be part of a runtime shared with other mmseg configs.

    Checkpoints of a training contain the words of the classes, in
    ``meta['vocabulary']``, and those that were trained without labels, in
    ``meta['unseen']``: all for an annotation-free training. Figures of unseen
    classes need a checkpoint that has not seen them.

    Raises:
        UserError: The vocabulary and the dataset differ in length or order
            (a threshold moves "background" to the front), or a checkpoint
            was trained with other words, or is tested with other unseen
            classes.
    """

    def __init__(self):
        self._follows_data = None
        self._loaded = None  # meta of a checkpoint

    def before_train(self, runner):
        self._apply(runner.model, runner.train_dataloader.dataset)

    def before_val(self, runner):
        self._apply(runner.model, runner.val_dataloader.dataset)

    def before_test(self, runner):
        model = unwrap(runner.model, 'training_classes')
        if model is not None and self._loaded is not None:
            _check_unseen(model, self._loaded.get('unseen'))
        self._apply(runner.model, runner.test_dataloader.dataset)

    def before_save_checkpoint(self, runner, checkpoint):
        model = unwrap(runner.model, 'training_classes')
        if model is not None:
            checkpoint['meta']['vocabulary'] = model.vocabulary.to_dict()
            checkpoint['meta']['unseen'] = _without_labels(model)

    def after_load_checkpoint(self, runner, checkpoint):
        model = unwrap(runner.model, 'training_classes')
        words = trained_words(checkpoint)
        self._loaded = meta_of(checkpoint)
        if model is None or words is None:
            return
        trained = get_vocabulary(words)
        if trained.synonyms != model.vocabulary.synonyms:
            raise UserError(
                'The checkpoint was trained with other classes '
                f'({trained.shortened()}) than those of the config '
                f'({model.vocabulary.shortened()}). Name the same classes in '
                'the same order.')

    def _apply(self, model, dataset):
        model = unwrap(model, 'set_vocabulary')
        names = dataset.metainfo.get('classes')
        if model is None or names is None:  # pairs and photos have none
            return
        if len(names) > IGNORE_INDEX and any(
                type(step) is LoadAnnotations for leaf in leaf_datasets(
                    dataset) for step in leaf.pipeline.transforms):
            raise UserError(
                'LoadAnnotations keeps 8 bits of each label, but there are '
                f'{len(names)} classes. Run the tools of this package, which '
                'replace it by LoadLabels, or name LoadLabels in the config.')
        if self._follows_data is None:
            self._follows_data = model.vocabulary is None
        if self._follows_data:
            # One word per class: commas belong to the names (ADE20K).
            model.set_vocabulary(Vocabulary(
                tuple(names), tuple((name, ) for name in names),
                source=type(dataset).__name__))
        if model.num_classes != len(names):
            raise UserError(
                f'The vocabulary {model.vocabulary.source} has '
                f'{model.num_classes} classes, but the dataset '
                f'{type(dataset).__name__} has {len(names)} '
                f'({", ".join(names[:3])}, ...). Set model.vocabulary to a '
                f'list of {len(names)} classes in the same order.')
        if model.vocabulary.classes[0] == BACKGROUND and (
                BACKGROUND in names[1:]):
            raise UserError(
                f'Class 0 of the vocabulary {model.vocabulary.source} is '
                f'"{BACKGROUND}", which is class {names.index(BACKGROUND)} of '
                f'the dataset {type(dataset).__name__}: their labels do not '
                'match. Leave background_threshold= out, which moves it to '
                'the front, or name the class differently.')
        same = model.vocabulary.check_order(
            names, f'the dataset {type(dataset).__name__}')
        if not same:
            print_log(
                f'No class of the vocabulary {model.vocabulary.source} '
                f'({", ".join(model.vocabulary.classes[:3])}, ...) is called '
                f'as in the dataset {type(dataset).__name__} '
                f'({", ".join(names[:3])}, ...): they are joined by position.',
                'current', logging.WARNING)
        meta = dict(dataset.metainfo)
        if isinstance(model, VocabularyMixin):
            model.draw_as(meta)
        else:
            model.dataset_meta = meta
        print_log(
            f'{len(names)} classes, {len(model.vocabulary.words)} words '
            f'({model.vocabulary.source}).', logger='current')


def _without_labels(model):
    """list[str]: Classes that a student is trained on without labels."""
    classes, unseen = model.training_classes, model.unseen
    if unseen is None or isinstance(unseen, str):
        return sorted(classes)
    return sorted(classes[each] if isinstance(each, int) else each
                  for each in getattr(unseen, 'tolist', lambda: unseen)())


def _check_unseen(model, trained):
    """Refuse a checkpoint of another setting, whose figures differ in kind.

    Args:
        model (nn.Module): Student, as configured.
        trained (list[str], optional): Classes without labels in its training,
            as its checkpoint has them.

    Raises:
        UserError: They differ.
    """
    wanted, count = _without_labels(model), len(model.training_classes)
    if trained is None:
        if 0 < len(wanted) < count:
            print_log(
                'The checkpoint does not say which classes it was trained on '
                f'without labels; the config takes {", ".join(wanted)}.',
                'current', logging.WARNING)
    elif sorted(map(str, trained)) != wanted:
        raise UserError(
            f'The checkpoint was trained without labels of '
            f'{_named(trained, count)}, but the config is for a training '
            f'without labels of {_named(wanted, count)}: use the config that '
            'it was trained with.')


def _named(names, count):
    return (f'all {count} classes' if len(names) == count else
            ', '.join(map(str, names)) or 'no class')

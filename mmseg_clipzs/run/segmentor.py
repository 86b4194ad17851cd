"""The segmentor in a config."""
import inspect

from mmengine.logging import print_log
from mmengine.runner import CheckpointLoader
from mmseg.registry import MODELS

from mmseg_clipzs.checkpoints import dataset_meta_of, trained_words
from mmseg_clipzs.clip.architectures import check_architecture
from mmseg_clipzs.models.backbones.clip_vit import ClipViT, get_last_block
from mmseg_clipzs.models.segmentors.foreign_segmentor import ForeignSegmentor
from mmseg_clipzs.models.segmentors.open_vocabulary_segmentor import (
    OpenVocabularySegmentor,
    check_options,
)
from mmseg_clipzs.models.segmentors.propagation import check_propagation
from mmseg_clipzs.models.segmentors.text_student import TextStudent
from mmseg_clipzs.proxy import check_proxy
from mmseg_clipzs.utils import UserError, read_background
from mmseg_clipzs.vocabularies import BACKGROUND, available, get_vocabulary
from mmseg_clipzs.vocabularies.contrast import contrast_words


def segmentor_of(cfg):
    """ConfigDict: The segmentor of a config, also inside a TTA model."""
    model = cfg.get('model') or {}
    return model.get('module', model)


def clip_of(cfg):
    """ConfigDict: ``clip=`` of a config's segmentor or its teacher.

    It is empty for models without CLIP.
    """
    model = segmentor_of(cfg)
    return model.get('teacher', model).get('clip') or {}


def embeds_config_words(model):
    """bool: Whether a segmentor embeds the classes of its config.

    A trained student has the classes of its checkpoint; they can be replaced
    once it is loaded.
    """
    return issubclass(class_of(model), OpenVocabularySegmentor)


def forget_words(model):
    """Take the classes out of a segmentor's config, to be set later."""
    model.vocabulary = None
    model.pop('text_embeddings', None)


def takes_embeddings(model):
    """bool: Whether a segmentor's classes can be ready-made embeddings."""
    return not is_foreign(model) and issubclass(
        class_of(model), (OpenVocabularySegmentor, TextStudent))


def is_foreign(model):
    """bool: Whether a segmentor is a model from elsewhere."""
    return issubclass(class_of(model), ForeignSegmentor)


def has_vocabulary(model):
    """bool: Whether the classes of a segmentor's config can be replaced."""
    return hasattr(class_of(model), 'set_vocabulary')


def use_trained_classes(cfg):
    """Give a trained segmentor the classes of its checkpoint.

    Its config may name others, or none (``maskclip_plus_photos``).

    Args:
        cfg (Config): With ``load_from``; modified in place.
    """
    model = segmentor_of(cfg)
    if not has_vocabulary(model) or embeds_config_words(model) or (
            not cfg.get('load_from')):
        return
    owner = model.get('teacher', model)
    checkpoint = CheckpointLoader.load_checkpoint(
        cfg.load_from, 'cpu', logger='silent')
    words = trained_words(checkpoint)
    if words is None and not owner.get('vocabulary'):
        # Without words the names of the training data.
        words = {name: [name] for name in dataset_meta_of(checkpoint).get(
            'classes', ())}
    if not words:
        return
    trained = get_vocabulary(words)
    own = owner.get('vocabulary') and get_vocabulary(owner.vocabulary)
    if own and model.get('learn_background'):
        own = own.with_background()
    if not own or (own.classes, own.synonyms) != (
            trained.classes, trained.synonyms):
        owner.vocabulary = trained.to_dict()
        owner.pop('text_embeddings', None)  # of the config's words


def set_background(cfg, name, background):
    """Set the background of a config's zero-shot segmentor.

    Args:
        cfg (Config): Gets the threshold, if there is one.
        name (str): Its name, for the message.
        background (str | float | None): See
            :func:`~mmseg_clipzs.utils.read_background`.

    Returns:
        bool: Whether its classes need contrast words.

    Raises:
        UserError: Another value, or a trained segmentor, which has neither a
            threshold nor several words for the background.
    """
    contrast, threshold = read_background(background)
    if background is not None and not embeds_config_words(cfg.model):
        raise UserError(
            f'--background does not apply to {name}: a trained '
            f'{cfg.model.type} predicts one of its classes everywhere. Train '
            'it with a class for the rest, or with learn_background=True.')
    if threshold is not None:
        cfg.model.background_threshold = threshold
    return contrast


def hint_at_background(model):
    """Say that a list of the user has no background, if it has none.

    Lists of datasets without one are for images where it does not matter.

    Args:
        model (nn.Module): A segmentor with its classes.
    """
    vocabulary = getattr(model, 'vocabulary', None)
    if not isinstance(model, OpenVocabularySegmentor) or vocabulary is None:
        return
    count = len(vocabulary.classes)
    if count == 1 or BACKGROUND in vocabulary.classes or (
            vocabulary.source in available()):
        return
    words = contrast_words(vocabulary.words)[:3]
    auto = (f'--background auto adds one for {", ".join(words)} and the like, '
            '--background 0.5' if words else '--background 0.5 adds')
    print_log(f'Every pixel gets one of these {count} classes. {auto} one for '
              'pixels whose class is improbable.', 'current')


def check_segmentor(kind, settings):
    """Check a segmentor's values before its CLIP is loaded.

    Args:
        kind (type): Any class; only zero-shot segmentors are looked at.
        settings (dict): Its config.

    Raises:
        UserError: As from its constructor.
    """
    if kind is ClipViT:
        method = get_last_block(settings.get('last_block', 'maskclip'))
        if getattr(method, 'proxy', None) is not None:
            check_proxy(**method.proxy)
    if not (inspect.isclass(kind) and issubclass(
            kind, OpenVocabularySegmentor)):
        return
    check_options(**{key: settings[key] for key in inspect.signature(
        check_options).parameters if key in settings})
    check_propagation(settings.get('propagation'))
    if settings.get('vocabulary') is not None:
        get_vocabulary(settings['vocabulary'])
    if settings.get('clip'):
        check_architecture(settings['clip'].get('model'))


def class_of(model):
    """type: The class of a segmentor's config, ``object`` if unknown."""
    kind = model.get('type')
    return kind if inspect.isclass(kind) else MODELS.get(kind or '') or object

"""The segmentor in a config."""
import inspect

from mmseg.registry import MODELS

from mmseg_clipzs.models.segmentors.open_vocabulary_segmentor import (
    OpenVocabularySegmentor,
)


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


def class_of(model):
    """type: The class of a segmentor's config, ``object`` if unknown."""
    kind = model.get('type')
    return kind if inspect.isclass(kind) else MODELS.get(kind or '') or object

"""The settings that results depend on, to compare with those of later runs."""
import hashlib
import json
import os

from mmseg_clipzs.run.segmentor import embeds_config_words
from mmseg_clipzs.utils import content_of, read_background, sha256_of
from mmseg_clipzs.vocabularies import get_vocabulary

from .trained_model import find_test_pipeline

_DIGITS = 12  # of a hash


def settings_of(job, cfg, model):
    """Describe an inferencer.

    Args:
        job (Job): Its config.
        cfg (Config): The job's, as it was built.
        model (nn.Module): The segmentor, with its classes.

    Returns:
        dict: Of texts, numbers, lists and dicts. ``weights`` and ``model`` are
        hashes: of the checkpoint, and of all settings of the model and its
        test pipeline with the content of the files and folders that they name.
    """
    owner = dict(cfg.model)
    for name in ('vocabulary', 'background_threshold'):  # as they are now
        owner.pop(name, None)
    vocabulary = getattr(model, 'vocabulary', None)
    checkpoint = cfg.get('load_from')
    return dict(
        config=job.name,
        checkpoint=checkpoint and os.path.basename(checkpoint),
        weights=checkpoint and _plain(checkpoint),
        words=[list(words) for words in vocabulary.synonyms] if vocabulary
        else None,
        background=getattr(model, 'background_threshold', None),
        model=hashlib.sha256(json.dumps(
            [_plain(owner), _plain(find_test_pipeline(cfg))],
            sort_keys=True).encode()).hexdigest()[:_DIGITS])


def early_settings(job, cfg, classes=None, background=None):
    """Those of :func:`settings_of` that need no model.

    Args:
        job (Job): Its config.
        cfg (Config): The job's.
        classes, background (optional): See ``ZeroShotInferencer``.

    Returns:
        dict: Of a zero-shot model with given classes also their words.

    Raises:
        UserError: Unusable classes.
    """
    checkpoint = cfg.get('load_from')
    settings = dict(config=job.name,
                    checkpoint=checkpoint and os.path.basename(checkpoint))
    if classes is not None and embeds_config_words(cfg.model):
        contrast, threshold = read_background(background)
        vocabulary = get_vocabulary(classes)
        if contrast:
            vocabulary = vocabulary.with_contrast()
        if threshold is None:
            threshold = cfg.model.get('background_threshold')
        if threshold is not None:
            vocabulary = vocabulary.with_background()
        settings.update(words=[list(words) for words in vocabulary.synonyms],
                        background=threshold)
    return settings


def exported_settings(model):
    """dict: Of an exported model (OnnxModel), as :func:`settings_of`."""
    return dict(config=model.about.get('config'),
                weights=sha256_of(model.path)[:_DIGITS],
                words=model.about.get('words'), engine=model.engine)


def _plain(value, key=''):
    """What JSON can hold, with contents of files and folders for their names.

    Args:
        value: A setting of a config.
        key (str): Its name.
    """
    if isinstance(value, dict):
        return {str(key): _plain(each, key) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each, key) for each in value]
    if isinstance(value, (str, os.PathLike)):
        content = content_of(value, key)
        return content[:_DIGITS] if content else os.fspath(value)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    # Not the address of an object, which differs in each run.
    return getattr(value, '__qualname__', type(value).__qualname__)

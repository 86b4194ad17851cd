"""Immutable description of a run: a config and all changes to it."""
import copy
import dataclasses
import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmseg_clipzs.recipes import NEEDS
from mmseg_clipzs.utils import UserError, content_of
from mmseg_clipzs.version import __version__
from mmseg_clipzs.vocabularies import Vocabulary, get_vocabulary

from .augmentation import augmented, check_augmented
from .configs import check_checkpoint, load_config, split_config
from .data import datasets_of, fit_loaders, replace_data_root
from .options import Options, apply_options
from .protocol import changes_of_protocol
from .segmentor import (
    clip_of,
    embeds_config_words,
    has_vocabulary,
    is_foreign,
    segmentor_of,
)
from .settings import check_settings
from .values import check_values

# What a config can hold, and be read from again.
_PLAIN = (type(None), str, os.PathLike, list, tuple, dict, Vocabulary)


@dataclass(frozen=True)
class Job:
    """What to run: a config, its weights and all changes to the config.

    A job copies its arguments, and :meth:`load` returns a new config each
    time, so that a run modifies neither its job nor its caller's objects.

    Attributes:
        config (str | Path | Config): A file, the name of a config of the
            project, or a loaded config.
        checkpoint (str, optional): A file or URL.
        options (dict): Changes as in ``--cfg-options``, e.g.
            ``{'model.prompts': 'single'}``.
        data_root (str, optional): Replaces the root of the data; see
            :func:`~mmseg_clipzs.run.data.replace_data_root`.
        classes (optional): Replaces the model's vocabulary; as for
            :func:`~mmseg_clipzs.vocabularies.get_vocabulary`.
        clip (str, optional): Replaces the CLIP, 'MODEL[:WEIGHTS]'; by default
            with the config's weights.
        tta (bool): Test with test-time augmentation, by the config's
            ``tta_pipeline`` or else by
            :func:`~mmseg_clipzs.run.augmentation.augmented`.

    Raises:
        UserError: No such config or checkpoint, or a change that does not fit
            the config.
    """
    config: str | Path | Config
    checkpoint: str | None = None
    options: dict = field(default_factory=dict)
    data_root: str | None = None
    classes: Any = None
    clip: str | None = None
    tta: bool = False

    def __post_init__(self):
        if not isinstance(self.config, (str, Path, Config)):
            raise UserError('A config is a file, a name or a Config, but got '
                            f'{self.config!r}.')
        if not isinstance(self.options, dict):
            raise UserError('options must be a dict, e.g. {"model.prompts": '
                            f'"single"}}, but got {self.options!r}.')
        if not isinstance(self.classes, _PLAIN):  # e.g. an array, a generator
            object.__setattr__(
                self, 'classes', get_vocabulary(self.classes).to_dict())
        for name in ('config', 'options', 'classes'):
            object.__setattr__(self, name, copy.deepcopy(getattr(self, name)))
        object.__setattr__(self, 'options', Options(self.options))
        for name in ('checkpoint', 'data_root'):
            value = getattr(self, name)
            object.__setattr__(self, name, str(value) if value else None)
        cfg = self._changed()
        check_settings(cfg, self.name)
        check_values(cfg, self.name)
        if self.tta and 'tta_model' not in cfg:
            raise UserError(f'{self.name} has no tta_model, which test-time '
                            'augmentation needs.')
        if self.tta and cfg.get('tta_pipeline'):
            check_augmented(cfg.tta_pipeline, self.name)
        if self.checkpoint:
            check_checkpoint(self.checkpoint)

    @classmethod
    def parse(cls, text, **fields):
        """Read 'CONFIG[:CHECKPOINT]'.

        Args:
            text (str): As for :func:`~mmseg_clipzs.run.configs.split_config`.
            fields: The job's other attributes.

        Returns:
            Job: The job.

        Raises:
            UserError: Not of this form, two checkpoints, or as for the class.
        """
        config, checkpoint = split_config(text)
        if checkpoint:
            if fields.get('checkpoint'):
                raise UserError(f'Two checkpoints for {config}: {checkpoint} '
                                f'and {fields["checkpoint"]}.')
            fields['checkpoint'] = checkpoint
        return cls(config, **fields)

    def replace(self, **fields):
        """Job: With other attributes."""
        return dataclasses.replace(self, **fields)

    @property
    def name(self):
        """str: The config file's, without its suffix."""
        file = self.config.filename if isinstance(
            self.config, Config) else self.config
        return Path(file or 'config').stem

    # ----------------------------------------------------------- the config
    def load(self, train=False):
        """Load the config with all changes applied.

        Args:
            train (bool): Apply ``data_root`` and ``classes`` to training
                rather than testing, and ignore ``tta``.

        Returns:
            Config: A new one.

        Raises:
            UserError: ``data_root`` for data in several folders.
        """
        cfg = self._changed(train)
        if self.checkpoint:
            cfg.load_from = self.checkpoint
        if self.data_root:
            replace_data_root(cfg, self.data_root, 'train_dataloader' if train
                              else 'test_dataloader')
        if self.tta and not train:
            for dataset in datasets_of(cfg, 'test_dataloader'):
                dataset.pipeline = copy.deepcopy(cfg.get(
                    'tta_pipeline')) or augmented(dataset.pipeline)
            cfg.model = dict(cfg.tta_model, module=cfg.model)
        return cfg

    def _changed(self, train=False):
        """The config with options, CLIP and classes."""
        cfg = copy.deepcopy(self.config) if isinstance(
            self.config, Config) else load_config(self.config)
        apply_options(cfg, self.options, self.name)
        fit_loaders(cfg)
        # Random weights are the same in every run.
        cfg.randomness = {'seed': 0, **(cfg.get('randomness') or {})}
        if self.clip is not None:
            self._replace_clip(cfg)
        if self.classes is not None:
            self._replace_classes(cfg, train)
        return cfg

    def _replace_clip(self, cfg):
        # Only the weights may contain colons: a path on Windows.
        model, colon, weights = self.clip.partition(':')
        if not model or bool(colon) != bool(weights):
            raise UserError(
                'A CLIP is MODEL or MODEL:WEIGHTS, e.g. ViT-L-14:openai or '
                f'ViT-B-16:weights.pt, but got {self.clip!r}.')
        clip = clip_of(cfg)
        if not clip:
            raise UserError(f'{self.name} has no CLIP that {self.clip} could '
                            'replace.')
        clip.model = model
        if weights:
            clip.pretrained = weights

    def _replace_classes(self, cfg, train):
        get_vocabulary(self.classes)  # raises before anything runs
        model = segmentor_of(cfg)
        if not has_vocabulary(model):
            raise UserError(
                f'The classes of {self.name} cannot be replaced: '
                f'{model.get("type")} has no vocabulary.')
        if train or embeds_config_words(model):
            owner = model.get('teacher', model)
            owner.vocabulary = copy.deepcopy(self.classes)
            if not any(option.endswith('.text_embeddings')
                       for option in self.options):
                owner.pop('text_embeddings', None)  # of the config's words

    # ---------------------------------------------------------- its contents
    def digest(self):
        """Hash of everything that the results depend on, except the data.

        This is the config with all changes, the words of the vocabulary, the
        contents of the checkpoint and of files and folders named in the
        model (:func:`.content_of`), and the version of this package.

        Returns:
            str: 12 hexadecimal digits.
        """
        cfg = self.load()
        model = segmentor_of(cfg)
        lists = [model.get('teacher', model).get('vocabulary'), self.classes]
        digest = hashlib.sha256(json.dumps([
            __version__, cfg.to_dict(),
            [dataclasses.astuple(get_vocabulary(words))
             for words in lists if words],
        ], sort_keys=True, default=str).encode())
        for key, text in [('', cfg.get('load_from')), *_strings(model)]:
            digest.update((content_of(text, key) or '').encode())
        return digest.hexdigest()[:12]

    def describe(self):
        """First entries of a row of results.

        Returns:
            dict: method, dataset, protocol, clip, weights, config and
            checkpoint; None if the model has no such thing. Also needs, a key
            of ``recipes.NEEDS``, if the config has it.

        Raises:
            UserError: ``needs`` is none of those, or a name is no text.
        """
        cfg = self.load()
        for key in ('method', 'dataset_name', 'protocol'):
            if not isinstance(cfg.get(key, ''), str):
                raise UserError(f'{key} must be a text in {self.name}.')
        needs = {key: cfg[key] for key in ('needs', ) if key in cfg}
        if needs and needs['needs'] not in list(filter(None, NEEDS)):
            raise UserError(
                f'needs must be one of {", ".join(filter(None, NEEDS))}, but '
                f'is {needs["needs"]!r} in {self.name}.')
        datasets = datasets_of(cfg, 'test_dataloader')
        return dict(
            # mmseg's configs do not name their method.
            method=cfg.get('method', self.name),
            dataset=cfg.get('dataset_name') or (
                datasets[0].type if datasets else None),
            protocol=self._protocol(cfg),
            clip=clip_of(cfg).get('model'),
            weights=clip_of(cfg).get('pretrained'),
            config=self.name,
            checkpoint=cfg.get('load_from'), **needs)

    def _protocol(self, cfg):
        """str: The config's, with what the job changes about it."""
        # The augmentation adds to the protocol's image size.
        name = cfg.get('protocol', 'custom') + ', TTA' * self.tta
        if 'protocol' in self.options or not (
                self.options or self.classes is not None):
            return name
        plain = self.replace(options={}, classes=None, clip=None)
        label = changes_of_protocol(plain.load(), cfg)
        embedded = embeds_config_words(segmentor_of(cfg))
        if self.classes is not None and not embedded:
            label += (', ' if label else ', changed: ') + 'classes'
        return name + label

    def require_weights(self):
        """Refuse a model that would silently run with random weights.

        Raises:
            UserError: No model, or one that must be trained and has no
                checkpoint.
        """
        cfg = self.load()
        model = segmentor_of(cfg)
        if not model:
            raise UserError(f'{self.name} has no model.')
        ready = model.get('weights') or is_foreign(model) or (
            {'clip', 'weights'} & set(model)
            and not cfg.get('train_dataloader'))
        if not ready and not cfg.get('load_from'):
            raise UserError(f'{self.name} must be trained first. Pass its '
                            f'checkpoint, {self.name}:CHECKPOINT.')


def _strings(config, key=''):
    """All strings and paths in nested dicts and lists, with their keys."""
    if isinstance(config, (str, os.PathLike)):
        return [(key, config)]
    if not isinstance(config, (dict, list, tuple)):
        return []
    items = config.items() if isinstance(config, dict) else (
        (key, value) for value in config)
    return [found for key, value in items for found in _strings(value, key)]

"""Settings of a config that nothing would read, found before it runs."""
from difflib import get_close_matches
from importlib.util import find_spec

from mmengine.dataset import InfiniteSampler
from mmengine.registry import FUNCTIONS
from mmseg import registry
from mmseg.registry import DATASETS, HOOKS, LOOPS, MODELS
from torch.utils.data import DataLoader

from mmseg_clipzs.datasets import PhotoFolderDataset
from mmseg_clipzs.utils import UserError, did_you_mean

from .known import (
    BUILT,
    CALLED,
    DEFAULTS,
    HOOK_NAMES,
    LOADER,
    LOOP_TYPES,
    NAMES,
    OTHER_LOOPS,
    READ,
    REGISTRIES,
    TAKEN,
    TEST_SETTINGS,
    TOP,
)
from .segmentor import check_segmentor
from .signatures import accepted

_LISTED = 12  # names in a message
# Similarity of a name to a known one: of an argument, of a config's key. The
# most similar variable of mmseg's configs is "models", 0.91.
_NEAR, _MISTYPED = 0.85, 0.915
_SCOPES = ('mmseg', 'mmengine', 'mmcv')


def check_settings(cfg, name):
    """Refuse settings and types that are not known, naming the near ones.

    Everything that is built from the config is compared with the arguments of
    its class; variables of the config file are not looked at.

    Args:
        cfg (Config): Of this project or of mmseg.
        name (str): The config's, for messages.

    Raises:
        UserError: An unknown setting or type; names its whole key.
    """
    _Check(name).config(cfg)


class _Check:
    """The parts of one config."""

    def __init__(self, name):
        self.name = name

    def refuse(self, message):
        raise UserError(f'{self.name}: {message}')

    def config(self, cfg):
        for key in set(cfg) - READ:
            near = get_close_matches(key, READ, 1, _MISTYPED)
            if near and isinstance(cfg[key], (dict, list)):
                self.refuse(f'{key} is read by nothing. Did you mean '
                            f'{near[0]}?')
        for key in READ & set(cfg):
            part = cfg[key]
            if part is None:
                continue
            if key.endswith('_dataloader'):
                self.loader(part, key)
            elif key.endswith('_cfg') and key in LOOP_TYPES:
                self.loop(part, key)
            elif key == 'optim_wrapper':
                self.optim_wrapper(part, key)
            elif key == 'default_hooks':
                for hook, settings in part.items():
                    self.built(settings, f'{key}.{hook}', HOOKS,
                               near=did_you_mean(hook, HOOK_NAMES - {hook}))
            elif key == 'runner_type':
                self.built(dict(type=part), key, registry.RUNNERS)
            elif key in TOP:
                self.built(part, key, *TOP[key], default=DEFAULTS.get(key))
            elif key in CALLED or key in NAMES:
                self.inside(part, key)

    # --------------------------------------------------------------- places
    def loader(self, loader, path):
        """A data loader."""
        if not isinstance(loader, dict):
            return
        self.known(loader, path, 'a data loader', accepted(DataLoader)[0]
                   | LOADER)
        if 'dataset' not in loader:
            self.refuse(f'{path} has no dataset: the config has no data of '
                        'its own to load with these settings.')
        # --photos puts a folder in its place, with what an option set.
        self.built(loader['dataset'], f'{path}.dataset', DATASETS, taken=(
            accepted(PhotoFolderDataset)[0] if path == 'train_dataloader'
            else ()))
        for key, owner in (('sampler', registry.DATA_SAMPLERS),
                           ('batch_sampler', registry.DATA_SAMPLERS),
                           ('collate_fn', FUNCTIONS)):
            self.built(loader.get(key), f'{path}.{key}', owner)
        sampler = loader.get('sampler')
        if path != 'train_dataloader' and sampler and _is_a(
                sampler['type'], registry.DATA_SAMPLERS, InfiniteSampler):
            self.refuse(f'{path}.sampler.type={sampler["type"]} never ends; '
                        'it must be one such as DefaultSampler.')

    def loop(self, loop, path):
        """A training, validation or test loop."""
        if not isinstance(loop, dict):
            return
        if path == 'train_cfg' and not {'type', 'by_epoch'} & set(loop):
            self.refuse('train_cfg has no type: the config has no training '
                        'of its own to run with these settings.')
        default = LOOP_TYPES[path][bool(loop.get('by_epoch', True))]
        self.built(loop, path, LOOPS, default=default,
                   taken={'by_epoch'} if 'type' not in loop else ())
        if path == 'test_cfg' and _is_a(
                loop.get('type', default), LOOPS, OTHER_LOOPS):
            self.refuse(f'{path}.type must be a loop for testing, such as '
                        f'TestLoop, but got {loop["type"]}.')

    def optim_wrapper(self, wrapper, path):
        if not isinstance(wrapper, dict):
            return
        if 'constructor' in wrapper:  # it may read any other keys
            wrapper = {key: value for key, value in wrapper.items()
                       if key in ('type', 'optimizer')}
        self.built(wrapper, path, registry.OPTIM_WRAPPERS,
                   default='OptimWrapper')

    # -------------------------------------------------------------- any part
    def built(self, part, path, *owners, default=None, taken=(), near=''):
        """Check what registries build: a dict with a type, or a list."""
        if isinstance(part, (list, tuple)):
            for i, each in enumerate(part):
                self.built(each, f'{path}.{i}', *owners, default=default)
            return
        if not isinstance(part, dict):
            if isinstance(part, (str, int, float)):
                self.refuse(f'{path} must be dict(type=...), but got '
                            f'{part!r}.')
            return
        kind = part.get('type', default)
        if kind is None:
            self.refuse(f'{path} has no type; it has '
                        f'{", ".join(map(str, part)) or "no settings"}.{near}')
        found = next(filter(None, (_find(kind, owner) for owner in owners)),
                     None)
        if found is None:
            if _is_foreign(kind):
                return
            known = {each for owner in owners for each in _types(owner)}
            self.refuse(f'{path}.type: no {owners[0].name} is called '
                        f'{kind!r}.{did_you_mean(kind, known)}')
        names, others = accepted(found)
        names |= set(taken).union(*(TAKEN.get(owner, ())
                                    for owner in owners))
        try:
            check_segmentor(found, part)
        except UserError as e:
            self.refuse(f'{path}: {e}')
        self.known(part, path, found.__name__, names,
                   others or _lacks_base(found))
        for key, value in part.items():
            if found.__name__ != 'Albu':  # has types of its own
                self.inside(value, f'{path}.{key}')

    def inside(self, part, path):
        """Check a part of unknown meaning and everything in it."""
        key = path.rpartition('.')[2]
        if isinstance(part, dict) and 'type' in part:
            owner = BUILT[key] if key in BUILT else next((
                each for each in REGISTRIES if _find(part['type'], each)),
                None)
            if owner is not None:  # an empty registry is False
                self.built(part, path, owner)
                return
        if key in BUILT and isinstance(part, str) and (
                BUILT[key] is MODELS):
            self.built(part, path, MODELS)
        if key == 'test_cfg' and isinstance(part, dict):
            self.known(part, path, key, TEST_SETTINGS, others=True)
        if key in BUILT and isinstance(part, (list, tuple)) and all(
                isinstance(each, dict) for each in part):
            self.built(part, path, BUILT[key])
            return
        if isinstance(part, (list, tuple)):
            for i, each in enumerate(part):
                self.inside(each, f'{path}.{i}')
        elif isinstance(part, dict):
            if key in CALLED:
                function, more = CALLED[key]
                self.known(part, path, f'{key}', accepted(
                    function)[0] - {'distributed', 'launcher'} | more)
            elif key in NAMES:
                self.known(part, path, key, NAMES[key])
            for inner, value in part.items():
                self.inside(value, f'{path}.{inner}')

    def known(self, part, path, owner, names, others=False):
        """Refuse keys that are not among the names.

        Where others may be accepted, only those that look like a typing
        mistake are refused.
        """
        for key in part:
            if key in names or key in ('type', '_scope_') or (
                    others and not _is_near(key, names)):
                continue
            near = did_you_mean(key, names | {'type'})
            if not near:
                listed = sorted(names)
                near = f' It takes {", ".join(listed[:_LISTED])}' + (
                    ', ...' * (len(listed) > _LISTED) or '.')
            self.refuse(f'{path}.{key} is not known: {owner} has no '
                        f'{key!r}.{near}')


def _find(kind, owner):
    """The class of a type in a registry, or None."""
    if not isinstance(kind, str):
        return kind if callable(kind) else None
    scope, _, name = kind.rpartition('.')
    if scope and scope not in _SCOPES:
        return None
    return owner.get(name)


def _is_a(kind, owner, classes):
    """bool: Whether a type in a registry derives from one of the classes."""
    found = _find(kind, owner)
    return isinstance(found, type) and issubclass(found, classes)


def _is_foreign(kind):
    """bool: Of another package, which its own registry knows."""
    return isinstance(kind, str) and '.' in kind and (
        kind.split('.')[0] not in _SCOPES)


def _lacks_base(kind):
    """bool: A head of mmseg whose arguments are mmdet's, without mmdet."""
    return kind.__name__ in ('MaskFormerHead', 'Mask2FormerHead') and (
        find_spec('mmdet') is None)


def _types(owner):
    """set[str]: The types that a registry and its parents know."""
    known = set()
    while owner is not None:
        known |= set(owner.module_dict)
        owner = owner.parent
    return known


def _is_near(key, names):
    return bool(get_close_matches(key, names, 1, _NEAR))

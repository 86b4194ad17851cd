"""Settings of a config that nothing would read, found before it runs."""
import inspect
from difflib import SequenceMatcher
from importlib.util import find_spec

from mmengine.dist import init_dist
from mmengine.registry import FUNCTIONS
from mmengine.runner import Runner, set_random_seed
from mmengine.utils.dl_utils import set_multi_processing
from mmseg import registry
from mmseg.registry import DATASETS, HOOKS, LOOPS, MODELS, TRANSFORMS
from torch.utils.data import DataLoader

from mmseg_clipzs.clip import load_clip
from mmseg_clipzs.datasets import PhotoFolderDataset
from mmseg_clipzs.models.segmentors.sliding import TEST_SETTINGS
from mmseg_clipzs.utils import UserError, did_you_mean

from .segmentor import check_segmentor
from .signatures import accepted

# Keys that mmengine, mmseg or this package read, whether or not a config has
# them.
READ = frozenset(inspect.signature(Runner.__init__).parameters) - {
    'self', 'cfg'} | {
    'method', 'dataset_name', 'protocol', 'tta_model', 'tta_pipeline',
    'test_pipeline', 'unseen', 'runner_type', 'model_wrapper_cfg', 'sync_bn',
    'find_unused_parameters', 'compile', 'activation_checkpointing',
    'efficient_conv_bn_eval'}
_LISTED = 12  # names in a message
_SCOPES = ('mmseg', 'mmengine', 'mmcv')

# Registries of what is built from these keys, wherever they occur.
_BUILT = {
    **dict.fromkeys((
        'backbone', 'decode_head', 'auxiliary_head', 'neck', 'student',
        'teacher', 'text_backbone', 'data_preprocessor', 'loss_decode',
        'norm_cfg', 'act_cfg'), MODELS),
    **dict.fromkeys(('dataset', 'datasets'), DATASETS),
    **dict.fromkeys(('pipeline', 'transforms'), TRANSFORMS),
    'init_cfg': registry.WEIGHT_INITIALIZERS,
    'metrics': registry.METRICS,
    'optimizer': registry.OPTIMIZERS,
    'vis_backends': registry.VISBACKENDS}
_REGISTRIES = [getattr(registry, name) for name in registry.__all__]
# Those of the config's own keys.
_TOP = {
    **dict.fromkeys(('model', 'tta_model', 'data_preprocessor'), (MODELS, )),
    **dict.fromkeys(('val_evaluator', 'test_evaluator'), (
        registry.METRICS, registry.EVALUATOR)),
    **dict.fromkeys(('test_pipeline', 'tta_pipeline'), (TRANSFORMS, )),
    'param_scheduler': (registry.PARAM_SCHEDULERS, ),
    'custom_hooks': (HOOKS, ),
    'visualizer': (registry.VISUALIZERS, ),
    'model_wrapper_cfg': (registry.MODEL_WRAPPERS, ),
    'log_processor': (registry.LOG_PROCESSORS, )}
_DEFAULTS = dict(model_wrapper_cfg='MMDistributedDataParallel',
                 log_processor='LogProcessor')
_LOOPS = dict(train_cfg=('IterBasedTrainLoop', 'EpochBasedTrainLoop'),
              val_cfg=('ValLoop', ) * 2, test_cfg=('TestLoop', ) * 2)
# What takes a dict without a type, and arguments that are not the user's.
_CALLED = {
    'clip': (load_clip, {'pretrained'}),
    'randomness': (set_random_seed, set()),
    'mp_cfg': (set_multi_processing, set()),
    'dist_cfg': (init_dist, {'timeout'})}
_NAMES = {
    'env_cfg': {'cudnn_benchmark', 'mp_cfg', 'dist_cfg', 'resource_limit'},
    'auto_scale_lr': {'enable', 'base_batch_size'},
    'paramwise_cfg': {
        'custom_keys', 'bias_lr_mult', 'bias_decay_mult', 'norm_decay_mult',
        'dwconv_decay_mult', 'flat_decay_mult', 'bypass_duplicate',
        'dcn_offset_lr_mult'}}
# Keys that builders take out before they call a class.
_TAKEN = {
    HOOKS: {'priority'}, MODELS: {'requires_grad'},
    registry.WEIGHT_INITIALIZERS: {'override', 'layer'},
    registry.PARAM_SCHEDULERS: {'convert_to_iter_based'},
    registry.OPTIM_WRAPPERS: {'optimizer', 'constructor', 'paramwise_cfg'}}
# Names of the default hooks in configs of mmseg.
_HOOKS = {'timer', 'logger', 'param_scheduler', 'checkpoint', 'sampler_seed',
          'runtime_info', 'visualization'}
_LOADER = {'dataset', 'num_batch_per_epoch', 'disable_subprocess_warning'}


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
        for key in READ & set(cfg):
            part = cfg[key]
            if part is None:
                continue
            if key.endswith('_dataloader'):
                self.loader(part, key)
            elif key.endswith('_cfg') and key in _LOOPS:
                self.loop(part, key)
            elif key == 'optim_wrapper':
                self.optim_wrapper(part, key)
            elif key == 'default_hooks':
                for hook, settings in part.items():
                    self.built(settings, f'{key}.{hook}', HOOKS,
                               near=did_you_mean(hook, _HOOKS - {hook}))
            elif key == 'runner_type':
                self.built(dict(type=part), key, registry.RUNNERS)
            elif key in _TOP:
                self.built(part, key, *_TOP[key], default=_DEFAULTS.get(key))
            elif key in _CALLED or key in _NAMES:
                self.inside(part, key)

    # --------------------------------------------------------------- places
    def loader(self, loader, path):
        """A data loader."""
        if not isinstance(loader, dict):
            return
        self.known(loader, path, 'a data loader', accepted(DataLoader)[0]
                   | _LOADER)
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

    def loop(self, loop, path):
        """A training, validation or test loop."""
        if not isinstance(loop, dict):
            return
        if path == 'train_cfg' and not {'type', 'by_epoch'} & set(loop):
            self.refuse('train_cfg has no type: the config has no training '
                        'of its own to run with these settings.')
        default = _LOOPS[path][bool(loop.get('by_epoch', True))]
        self.built(loop, path, LOOPS, default=default,
                   taken={'by_epoch'} if 'type' not in loop else ())

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
        names |= set(taken).union(*(_TAKEN.get(owner, ())
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
            owner = _BUILT[key] if key in _BUILT else next((
                each for each in _REGISTRIES if _find(part['type'], each)),
                None)
            if owner is not None:  # an empty registry is False
                self.built(part, path, owner)
                return
        if key in _BUILT and isinstance(part, str) and (
                _BUILT[key] is MODELS):
            self.built(part, path, MODELS)
        if key == 'test_cfg' and isinstance(part, dict):
            self.known(part, path, key, set(TEST_SETTINGS), others=True)
        if key in _BUILT and isinstance(part, (list, tuple)) and all(
                isinstance(each, dict) for each in part):
            self.built(part, path, _BUILT[key])
            return
        if isinstance(part, (list, tuple)):
            for i, each in enumerate(part):
                self.inside(each, f'{path}.{i}')
        elif isinstance(part, dict):
            if key in _CALLED:
                function, more = _CALLED[key]
                self.known(part, path, f'{key}', accepted(
                    function)[0] - {'distributed', 'launcher'} | more)
            elif key in _NAMES:
                self.known(part, path, key, _NAMES[key])
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
    return any(SequenceMatcher(None, key, name).ratio() > 0.85
               for name in names)

"""What today's PyTorch needs from the toolbox; nothing else knows of it.

1. Versions are checked, with an error that says what to install.
2. Under ``mmcv-lite`` a stand-in for ``mmcv.ops`` lets all of mmseg import.
3. Checkpoints are read by an unpickler that builds tensors and plain data and
   nothing else: mmengine's own checkpoints load on torch >= 2.6 (whose
   ``weights_only`` refuses them), a file that would run code does not.
"""
import _compat_pickle
import importlib
import pickle
import platform
import sys
import types
import warnings
import zipfile
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

import torch
import torch.distributed
import torch.nn.functional as F
from packaging.version import Version

from .utils import UserError
from .version import __version__

# module -> (oldest supported, first unsupported, what to install)
REQUIREMENTS = {
    'torch': ('2.1.0', None, '"torch>=2.1"'),
    'numpy': ('1.26.0', None, '"numpy>=1.26"'),
    'mmengine': ('0.10.3', '1.0.0', '"mmengine>=0.10.3,<1.0"'),
    'mmcv': ('2.0.0', '2.2.0', '"mmcv-lite>=2.0.0,<2.2.0" (nothing to '
             'compile) or the compiled "mmcv>=2.0.0,<2.2.0"'),
    'mmseg': ('1.2.1', '2.0.0', '"mmsegmentation>=1.2.1,<2.0"'),
    'open_clip': ('2.24.0', None, '"open_clip_torch>=2.24"'),
}


def check_versions():
    """Compare the installed packages with :data:`REQUIREMENTS`.

    The modules are asked, not the distributions: forks that provide the same
    modules under other names count as well.

    Raises:
        ImportError: Names the module, its version and the ``pip`` argument.
    """
    for module, (oldest, first_unfit, install) in REQUIREMENTS.items():
        try:
            found = importlib.import_module(module)
        except ImportError as e:
            raise ImportError(
                f'mmseg_clipzs needs {module}, which cannot be imported '
                f'({e}). Install {install}, or all at once with '
                'pip install "mmseg_clipzs[lite]".') from e
        version = _version(found)
        # '2.1.0+cpu' counts as 2.1.0.
        release = Version(Version(version).base_version)
        if release < Version(oldest) or (
                first_unfit and release >= Version(first_unfit)
                and not _is_fork(module)):
            raise ImportError(
                f'mmseg_clipzs does not work with {module} {version}. '
                f'Install {install}.')


def versions():
    """dict[str, str]: Of this package, Python and :data:`REQUIREMENTS`."""
    return {
        'mmseg_clipzs': __version__,
        'python': platform.python_version(),
        **{module: _version(importlib.import_module(module))
           for module in REQUIREMENTS}}


def _version(module):
    # open_clip 2 has its version in a module of its own.
    return getattr(module, '__version__', None) or (
        module.version.__version__)


def _is_fork(module):
    """Forks number on from another point, and mmseg checks their mmcv."""
    return module == 'mmcv' and not any(
        _has_distribution(name) for name in ('mmcv', 'mmcv-lite'))


def _has_distribution(name):
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


# --------------------------------------------------------------- mmcv.ops
def point_sample(input, points, align_corners=False, **kwargs):
    """Bilinear samples of a map at points, as ``mmcv.ops.point_sample``.

    Args:
        input (Tensor): (N, C, H, W).
        points (Tensor): (N, P, 2) or (N, Hg, Wg, 2), (x, y) in [0, 1].

    Returns:
        Tensor: (N, C, P) or (N, C, Hg, Wg).
    """
    grid = points.unsqueeze(2) if points.dim() == 3 else points
    output = F.grid_sample(
        input, 2 * grid - 1, align_corners=align_corners, **kwargs)
    return output.squeeze(3) if points.dim() == 3 else output


def sigmoid_focal_loss(input, target, gamma=2.0, alpha=0.25, weight=None,
                       reduction='mean'):
    """``mmcv.ops.sigmoid_focal_loss`` with torchvision's formula.

    Args:
        input (Tensor): (N, C) logits.
        target (Tensor): (N, ) class indices; C stands for no class.
        weight (Tensor, optional): (C, ) weight of each class.
    """
    from torchvision.ops import sigmoid_focal_loss as focal_loss
    classes = input.size(1)
    one_hot = F.one_hot(target, classes + 1)[:, :classes].to(input.dtype)
    loss = focal_loss(input, one_hot, alpha=alpha, gamma=gamma)  # (N, C)
    if weight is not None:
        loss = loss * weight
    if reduction == 'mean':
        return loss.sum() / input.size(0)
    return loss.sum() if reduction == 'sum' else loss


class OpsStandIn(types.ModuleType):
    """``mmcv.ops`` of mmcv-lite: two functions, ModuleNotFoundError else.

    mmseg guards its other uses of ``mmcv.ops`` with that exception.
    """

    def __init__(self):
        super().__init__('mmcv.ops', 'Stand-in for the compiled mmcv.ops.')
        self.__path__ = []
        self.point_sample = point_sample
        self.sigmoid_focal_loss = sigmoid_focal_loss

    def __getattr__(self, name):
        if name.startswith('__'):  # inspect and copy ask for these
            raise AttributeError(name)
        raise ModuleNotFoundError(
            f'mmcv.ops.{name} is a compiled operation and mmcv-lite is '
            'installed. Models that use it need the full mmcv: '
            'pip uninstall mmcv-lite, then pip install "mmcv>=2.0.0,<2.2.0".')


def install_ops_stand_in():
    """Make ``mmcv.ops`` importable under mmcv-lite.

    It steps aside where the compiled operations exist.
    """
    import mmcv
    if find_spec('mmcv._ext') is None and 'mmcv.ops' not in sys.modules:
        mmcv.ops = sys.modules['mmcv.ops'] = OpsStandIn()
        # mmcv.cnn says so at every start; nothing here uses it.
        warnings.filterwarnings(
            'ignore', message='Fail to import ``MultiScaleDeformable')


# ------------------------------------------------------------- checkpoints
class RefusedError(pickle.UnpicklingError):
    """The file asks for something that is not on the short list."""


def _history_buffer_method(owner, name):
    """The one ``getattr`` in mmengine's checkpoints: a statistic's method."""
    from mmengine.logging import HistoryBuffer
    if owner is HistoryBuffer and name in ('min', 'max', 'mean', 'current'):
        return getattr(owner, name)
    raise RefusedError(f'getattr({owner!r}, {name!r})')


_ALLOWED = {
    'builtins': {'set', 'frozenset', 'slice', 'complex', 'bytearray',
                 'range', 'int', 'float', 'str', 'bool', 'list', 'dict',
                 'tuple', 'bytes'},
    'collections': {'OrderedDict', 'defaultdict', 'Counter'},
    'mmengine.logging.history_buffer': {'HistoryBuffer'},
    'mmengine.config.config': {'ConfigDict'},
    'numpy': {'dtype', 'ndarray'},
    'torch': {'Size', 'device', 'dtype', 'Tensor', 'float16', 'float32',
              'float64', 'bfloat16', 'int8', 'int16', 'int32', 'int64',
              'uint8', 'bool'},
    'torch._utils': {'_rebuild_tensor', '_rebuild_tensor_v2',
                     '_rebuild_parameter'},
    'torch.nn.parameter': {'Parameter'},
    'torch.storage': {'UntypedStorage', 'TypedStorage'},
    '_codecs': {'encode'},
}
for _core in ('numpy.core', 'numpy._core'):
    _ALLOWED[f'{_core}.multiarray'] = {'_reconstruct', 'scalar'}
    _ALLOWED[f'{_core}.numeric'] = {'_frombuffer'}


class RestrictedUnpickler(pickle.Unpickler):
    """Builds what is on the short list above and refuses all else."""

    def find_class(self, module, name):
        # Old protocols have Python 2's names, e.g. long and commands.
        module, name = _compat_pickle.NAME_MAPPING.get(
            (module, name),
            (_compat_pickle.IMPORT_MAPPING.get(module, module), name))
        if (module, name) == ('builtins', 'getattr'):
            return _history_buffer_method
        if name in _ALLOWED.get(module, ()) or (
                module == 'torch' and name.endswith('Storage')):
            return super().find_class(module, name)
        # numpy 2 names its array types one by one, e.g. Float64DType.
        if module == 'numpy.dtypes' and name.endswith('DType'):
            return super().find_class(module, name)
        raise RefusedError(f'{module}.{name}')


def _restricted_load(file, **kwargs):
    return RestrictedUnpickler(file, **kwargs).load()


# torch.load takes the place of "pickle" from this object.
_restricted_pickle = types.SimpleNamespace(
    __name__='restricted_pickle', Unpickler=RestrictedUnpickler,
    load=_restricted_load)


def is_torchscript(path):
    """Whether ``torch.load`` would hand the file to ``torch.jit.load``."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.rpartition('/')[2] == 'constants.pkl'
                   for name in archive.namelist())


def load_checkpoint_file(path, map_location='cpu'):
    """Read a checkpoint without running anything in it.

    Args:
        path (str | Path): A file written by ``torch.save``.
        map_location: As for ``torch.load``.

    Returns:
        dict | Tensor: What was saved: tensors, numbers, text, containers and
        mmengine's message hub.

    Raises:
        FileNotFoundError: There is no such file.
        UserError: The file is damaged, or holds anything else.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f'No checkpoint file at {path}.')
    try:
        if is_torchscript(path):
            raise RefusedError('the program of a TorchScript archive')
        # An open file: what it is called decides nothing.
        with path.open('rb') as file:
            return torch.load(file, map_location=map_location,
                              pickle_module=_restricted_pickle,
                              weights_only=False)
    except RefusedError as e:
        raise UserError(
            f'{path} was not loaded: beside tensors and plain data it asks '
            f'for "{e}", and a checkpoint that can run code is not read. '
            'Save it again as a state dict, or as safetensors.') from e
    except Exception as e:  # a damaged file may provoke any
        raise UserError(
            f'{path} ({path.stat().st_size:,} bytes) cannot be read as a '
            f'checkpoint: {e}. Is the download complete?') from e


def load_from_local(filename, map_location):
    """mmengine's loader of files, restricted; see the module's docstring."""
    return load_checkpoint_file(filename, map_location)


def load_from_http(filename, map_location=None, model_dir=None):
    """mmengine's loader of web addresses: download once, read restricted."""
    from mmengine.dist import is_main_process
    from mmengine.dist.utils import barrier
    folder = Path(model_dir or Path(torch.hub.get_dir()) / 'checkpoints')
    target = folder / filename.split('?')[0].rsplit('/', 1)[-1]
    if is_main_process() and not target.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(filename, str(target))
    barrier()
    return load_checkpoint_file(target, map_location)


def register_safe_checkpoint_loaders():
    """Let mmengine read checkpoints with :func:`load_checkpoint_file`."""
    from mmengine.runner import checkpoint
    register = checkpoint.CheckpointLoader.register_scheme
    register(prefixes='', loader=load_from_local, force=True)
    register(prefixes=('http://', 'https://'), loader=load_from_http,
             force=True)
    # The model-zoo prefixes call this function by its name in the module.
    checkpoint.load_from_http = load_from_http


# ------------------------------------------------------------------ runs
def name_visualizer(cfg, name=None):
    """Give each run its own visualizer: mmengine keeps them by name.

    With one name for all, a second run in the same process would write its
    pictures and scalars into the folder of the first.

    Args:
        cfg (Config): With ``work_dir``; changed in place.
        name (str, optional): Instead of the work dir.
    """
    if cfg.get('visualizer'):
        cfg.visualizer.name = str(name or cfg.work_dir)


@contextmanager
def plain_attention_on_cpu():
    """Train without the fused attention, unless there is a GPU.

    On a CPU its backward pass is slower than the plain one's at the number of
    tokens that one trains with there.
    """
    fused = torch.backends.cuda.flash_sdp_enabled()  # also means the CPU's
    torch.backends.cuda.enable_flash_sdp(fused and torch.cuda.is_available())
    try:
        yield
    finally:
        torch.backends.cuda.enable_flash_sdp(fused)


def join_processes(launcher):
    """Join the processes that a launcher has started, once.

    mmengine asks for a GPU even where gloo joins them.

    Args:
        launcher (str): As for mmengine's runner; 'none' joins nothing.
    """
    if launcher == 'none' or torch.distributed.is_initialized():
        return
    if launcher == 'pytorch' and not torch.cuda.is_available():
        torch.distributed.init_process_group('gloo')
    else:
        from mmengine.dist import init_dist
        init_dist(launcher)


def fit_to_cpu(cfg):
    """Let the processes that torchrun has started run without a GPU.

    Synchronised batch norm has none but a GPU's implementation: each process
    then has its own statistics.

    Args:
        cfg (Config): With ``launcher``; changed in place.
    """
    if cfg.launcher != 'pytorch' or torch.cuda.is_available():
        return
    cfg.sync_bn = None
    join_processes(cfg.launcher)
    wrapper = cfg.get('model_wrapper_cfg') or dict(
        type='MMDistributedDataParallel', broadcast_buffers=False)
    if wrapper['type'] == 'MMDistributedDataParallel':
        cfg.model_wrapper_cfg = dict(wrapper, device_ids=None)

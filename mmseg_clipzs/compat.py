"""Compatibility with the installed versions of the toolbox.

1. Checks versions; the error says what to install.
2. Provides a stand-in for ``mmcv.ops``, so that mmseg works with mmcv-lite.
3. Imports mmseg without what it seldom needs.
4. Silences notes of other packages to one another.
"""
import importlib
import logging
import platform
import sys
import types
import warnings
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec

import torch.nn.functional as F
from packaging.version import Version

from .utils import import_on_use, import_part
from .version import __version__

# module -> (oldest supported, first unsupported, what to install)
REQUIREMENTS = {
    # Older readers of checkpoints run code (CVE-2025-32434).
    'torch': ('2.6.0', None, '"torch>=2.6"'),
    'numpy': ('1.26.0', None, '"numpy>=1.26"'),
    # Older ones fail at import beside torch 2.5 and transformers.
    'mmengine': ('0.10.6', '1.0.0', '"mmengine>=0.10.6,<1.0"'),
    'mmcv': ('2.0.0', '2.2.0', '"mmcv-lite>=2.0.0,<2.2.0" (nothing to '
             'compile) or the compiled "mmcv>=2.0.0,<2.2.0"'),
    'mmseg': ('1.2.1', '2.0.0', '"mmsegmentation>=1.2.1,<2.0"'),
    'open_clip': ('2.24.0', None, '"open_clip_torch>=2.24"'),
}


def check_versions():
    """Compare the installed modules with :data:`REQUIREMENTS`.

    Looks at modules rather than distributions, so that forks which install
    the same modules under another name are accepted.

    Raises:
        ImportError: A module is missing or has an unsupported version.
    """
    for module in REQUIREMENTS:
        check_version(module)


def check_version(module):
    """Compare one of :data:`REQUIREMENTS` with what is installed.

    Args:
        module (str): Its name.

    Raises:
        ImportError: It is missing or has an unsupported version.
    """
    oldest, first_unsupported, install = REQUIREMENTS[module]
    try:
        found = _import(module)
    except ImportError as e:
        raise ImportError(
            f'mmseg_clipzs needs {module}, which cannot be imported '
            f'({e}). Install {install}, or all at once with '
            'pip install "mmseg_clipzs[lite]".') from e
    version = _version(found)
    # '2.6.0+cpu' -> 2.6.0, 2.6.0a0 -> 2.6.0
    release = Version(Version(version).base_version)
    if release < Version(oldest) or (
            first_unsupported and release >= Version(first_unsupported)
            and not _is_fork(module)):
        raise ImportError(
            f'mmseg_clipzs does not work with {module} {version}. '
            f'Install {install}.')


def versions():
    """dict[str, str]: Versions of this package, Python and the toolbox."""
    return {
        'mmseg_clipzs': __version__,
        'python': platform.python_version(),
        **{module: _version(_import(module)) for module in REQUIREMENTS}}


def _import(module):
    """A module; of open_clip, which takes seconds, only its version."""
    if module == 'open_clip' and module not in sys.modules:
        return import_part(module, 'version')
    return importlib.import_module(module)


def _version(module):
    # open_clip 2 keeps it in open_clip.version.
    return getattr(module, '__version__', None) or (
        module.version.__version__)


def _is_fork(module):
    """Forks of mmcv have their own numbering, which mmseg checks itself."""
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
    """Bilinear sampling at points, equal to ``mmcv.ops.point_sample``.

    Args:
        input (Tensor): (N, C, H, W).
        points (Tensor): (N, P, 2) or (N, Hg, Wg, 2), (x, y) in [0, 1].
        align_corners (bool), kwargs: As for ``F.grid_sample``.

    Returns:
        Tensor: (N, C, P) or (N, C, Hg, Wg).
    """
    grid = points.unsqueeze(2) if points.dim() == 3 else points
    output = F.grid_sample(
        input, 2 * grid - 1, align_corners=align_corners, **kwargs)
    return output.squeeze(3) if points.dim() == 3 else output


def sigmoid_focal_loss(input, target, gamma=2.0, alpha=0.25, weight=None,
                       reduction='mean'):
    """Focal loss, equal to ``mmcv.ops.sigmoid_focal_loss``.

    Args:
        input (Tensor): (N, C) logits.
        target (Tensor): (N, ) class indices; C means no class.
        gamma, alpha (float): As in the paper (arXiv:1708.02002, eq. 5).
        weight (Tensor, optional): (C, ) class weights.
        reduction (str): 'none', 'mean' (over N) or 'sum'.

    Returns:
        Tensor: (N, C) for 'none', else a scalar.
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
    """Replacement for ``mmcv.ops``, which mmcv-lite lacks.

    Has the two functions that mmseg imports unconditionally. Any other name
    raises ModuleNotFoundError, which mmseg handles.
    """

    def __init__(self):
        super().__init__('mmcv.ops', 'Stand-in for the compiled mmcv.ops.')
        self.__path__ = []
        self.point_sample = point_sample
        self.sigmoid_focal_loss = sigmoid_focal_loss

    def __getattr__(self, name):
        if name.startswith('__'):  # looked up by inspect and copy
            raise AttributeError(name)
        raise ModuleNotFoundError(
            f'mmcv.ops.{name} is a compiled operation and mmcv-lite is '
            'installed. Models that use it need the full mmcv: '
            'pip uninstall mmcv-lite, then pip install "mmcv>=2.0.0,<2.2.0".')


def install_ops_stand_in():
    """Make ``mmcv.ops`` importable with mmcv-lite.

    Does nothing if mmcv has its compiled operations.
    """
    import mmcv
    if find_spec('mmcv._ext') is None and 'mmcv.ops' not in sys.modules:
        mmcv.ops = sys.modules['mmcv.ops'] = OpsStandIn()
        importlib.import_module('mmengine.model')  # filters of its own stay
        with warnings.catch_warnings():
            # It warns when it is imported of what is not used here.
            warnings.filterwarnings(
                'ignore', message='Fail to import ``MultiScaleDeformable')
            importlib.import_module('mmcv.cnn.bricks.transformer')


# ------------------------------------------------------------------- imports
def import_mmseg():
    """Import mmseg's models without timm.

    One backbone of mmseg uses timm; importing it, and with it torchvision and
    PyTorch's compiler, takes a third of the time of all imports.
    """
    with import_on_use('timm'):
        importlib.import_module('mmseg.models')


# --------------------------------------------------------------------- notes
def silence_pytree():
    """Drop warnings of PyTorch on how torchao registers its classes.

    Some models of transformers import torchao if it is installed.
    """
    logging.getLogger('torch.utils._pytree').setLevel(logging.ERROR)

"""Compatibility with the installed toolbox.

1. Versions are checked, with an error that says what to install.
2. Under ``mmcv-lite`` a stand-in for ``mmcv.ops`` lets all of mmseg import.
"""
import importlib
import platform
import sys
import types
import warnings
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec

import torch.nn.functional as F
from packaging.version import Version

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

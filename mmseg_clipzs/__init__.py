"""Zero-shot CLIP segmentation for MMSegmentation 1.x.

Importing this package checks the installed versions and registers its models,
datasets, transforms, hooks and metrics. Configs import it with
``custom_imports = dict(imports=['mmseg_clipzs'])``.
"""
from . import checkpoints, compat

compat.check_versions()
compat.install_ops_stand_in()
checkpoints.register_safe_checkpoint_loaders()

from . import datasets, engine, evaluation, models, toy  # noqa: E402, F401
from .version import __version__  # noqa: E402

__all__ = ['__version__']

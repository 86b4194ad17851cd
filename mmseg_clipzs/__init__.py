"""Zero-shot CLIP segmentation for MMSegmentation 1.x.

Importing this package checks the installed versions and registers its models,
datasets, transforms, hooks and metrics. Configs import it with
``custom_imports = dict(imports=['mmseg_clipzs'])``.
"""
import gc

# Imports leave little garbage; to look for it takes a fifth of their time.
_collects = gc.isenabled()
gc.disable()
try:
    from . import checkpoints, compat
    compat.check_versions()
    compat.install_ops_stand_in()
    compat.import_mmseg()
    compat.silence_pytree()
    checkpoints.register_safe_checkpoint_loaders()
    from . import datasets, engine, evaluation, models, toy  # noqa: F401
    from .version import __version__
finally:
    if _collects:
        gc.enable()

__all__ = ['__version__']

"""Python interface: segment images with words."""
from mmseg_clipzs.run.configs import find_config, list_configs

from .zero_shot_inferencer import ZeroShotInferencer
from .zero_shot_result import ZeroShotResult

__all__ = [
    'ZeroShotInferencer', 'ZeroShotResult', 'find_config', 'list_configs'
]

"""Python interface: segment images with words."""
from mmseg_clipzs.run.configs import find_config, list_configs

from .choose_templates import choose_templates
from .encoded_image import EncodedImage
from .export_model import export_model
from .folder import FolderRun, segment_folder
from .onnx_inferencer import OnnxInferencer
from .video import VideoRun, segment_video
from .zero_shot_inferencer import ZeroShotInferencer
from .zero_shot_result import ZeroShotResult

__all__ = [
    'EncodedImage', 'FolderRun', 'OnnxInferencer', 'VideoRun',
    'ZeroShotInferencer', 'ZeroShotResult', 'choose_templates', 'export_model',
    'find_config', 'list_configs', 'segment_folder', 'segment_video'
]

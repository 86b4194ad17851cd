"""Read and write videos, through OpenCV."""
from .reading import Video
from .writing import FrameWriter, mask_writer, overlay_writer

__all__ = ['FrameWriter', 'Video', 'mask_writer', 'overlay_writer']

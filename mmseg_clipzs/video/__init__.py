"""Read and write videos, through OpenCV."""
from .reading import Video
from .writing import FrameWriter, mask_writer, overlay_writer, written_rate

__all__ = ['FrameWriter', 'Video', 'mask_writer', 'overlay_writer',
           'written_rate']

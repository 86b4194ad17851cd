"""Write videos with the codecs of OpenCV's packages."""
import cv2
import numpy as np

from mmseg_clipzs.labels import IGNORE_INDEX
from mmseg_clipzs.utils import UserError

from .ffmpeg import capture, open_writer

# Frames per second that both codecs keep in their files.
_SLOWEST, _FASTEST = .01, 1000


def written_rate(fps):
    """float: The nearest rate, in frames per second, that can be written."""
    return min(max(fps, _SLOWEST), _FASTEST)


class FrameWriter:
    """Write frames of one size to a video.

    Codecs need even sides: of odd frames, the last row or column is added.

    Args:
        path (Path): The file; replaced.
        codec (str): FOURCC.
        fps (float): Frames per second.
        size (tuple[int]): (height, width) of the frames.
        is_color (bool): Frames are RGB, or grey.
        border (int, optional): Value of an added row or column; by default
            its neighbour.

    Raises:
        UserError: The codec does not work here.
    """

    def __init__(self, path, codec, fps, size, is_color, border=None):
        self.path, self.written = path, 0
        self._color, self._border = is_color, border
        self._pad = tuple(side % 2 for side in size)  # below, right
        height, width = (side + more for side, more in zip(size, self._pad))
        self._writer = open_writer(
            path, codec, fps, (width, height), is_color)
        if not self._writer.isOpened():
            raise UserError(
                f'No {path.suffix} video of {width} x {height} pixels can be '
                f'written: this OpenCV has no encoder {codec}, or it refuses '
                'the size. The packages opencv-python and '
                'opencv-python-headless have it.')

    def write(self, frame):
        """Append a frame.

        Args:
            frame (ndarray): (H, W, 3) uint8 RGB, or (H, W) uint8.
        """
        if self._color:
            frame = cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
        if any(self._pad):
            below, right = self._pad
            pad = (0, below), (0, right), *[(0, 0)] * (frame.ndim - 2)
            frame = np.pad(frame, pad, 'edge') if self._border is None else (
                np.pad(frame, pad, constant_values=self._border))
        self._writer.write(frame)
        self.written += 1

    def close(self):
        """Complete the file, so that it plays.

        Raises:
            UserError: Fewer frames arrived in it; OpenCV says nothing of a
                full disk.
        """
        self._writer.release()
        if not self.written:
            return
        with capture(self.path) as opened:
            found = round(opened.get(cv2.CAP_PROP_FRAME_COUNT))
        if found != self.written:
            raise UserError(
                f'Only {max(found, 0)} of {self.written} frames arrived in '
                f'the {self.path.suffix} video: the disk may be full.')


def mask_writer(path, fps, size):
    """FrameWriter: For label maps (H, W) uint8, without any loss (FFV1)."""
    return FrameWriter(path, 'FFV1', fps, size, False, IGNORE_INDEX)


def overlay_writer(path, fps, size):
    """FrameWriter: For pictures (H, W, 3) uint8 RGB (MPEG-4)."""
    return FrameWriter(path, 'mp4v', fps, size, True)

"""Frames of a video file."""
import math
import re
from contextlib import contextmanager

import cv2

from mmseg_clipzs.utils import UserError, check_is_file, other_case, shown

from .ffmpeg import capture

_USUAL = 25.  # frames per second, where a file does not say
# Counts in files are often estimates.
_COMPLETE = .95


class Video:
    """Frames of a video file, turned as its metadata says.

    Read by the FFmpeg that OpenCV brings along, from the first frame to the
    last; nothing else than the file is opened.

    Args:
        path (str | Path): The file.

    Attributes:
        size (tuple[int]): (height, width) of the frames.
        fps (float): Frames per second, on average.
        count (int | None): Number of frames as the file says, which may be
            an estimate.

    Raises:
        UserError: No such file, no video, or no frame that can be decoded.
    """

    def __init__(self, path):
        self.path = path
        with self._open() as opened:
            found, frame = opened.read()
            if not found:
                raise UserError(
                    f'{shown(path)} has no frame that can be decoded: the '
                    'file is damaged, incomplete, or has no pictures.')
            self.size = frame.shape[:2]
            self.fps = _positive(opened.get(cv2.CAP_PROP_FPS)) or _USUAL
            count = _positive(opened.get(cv2.CAP_PROP_FRAME_COUNT))
            self.count = count and round(count)

    @contextmanager
    def _open(self):
        try:
            file = check_is_file(self.path, 'a video').absolute()
            str(file).encode()
        except FileNotFoundError as e:
            raise UserError(f'No video at {shown(self.path)}.'
                            f'{other_case(self.path)}') from e
        except UnicodeEncodeError as e:
            raise UserError(f'{shown(self.path)} has a name that is not '
                            'UTF-8, which OpenCV cannot open: rename it.'
                            ) from e
        with capture(file) as opened:
            if not opened.isOpened() or _names_others(file):
                raise UserError(f'{shown(self.path)} is no video, or damaged: '
                                'OpenCV cannot open it.')
            yield opened

    def frames(self, every=1):
        """Decode the frames.

        Args:
            every (int): Decode every Nth frame only, from the first.

        Yields:
            tuple[int, float, ndarray]: Index of the frame in the file, its
            time in seconds, and (H, W, 3) uint8 RGB of one size.
        """
        with self._open() as opened:
            index = 0
            while opened.grab():
                if index % every == 0:
                    time = opened.get(cv2.CAP_PROP_POS_MSEC) / 1000
                    found, frame = opened.retrieve()
                    if not found:
                        return
                    if frame.shape[:2] != self.size:
                        frame = cv2.resize(frame, self.size[::-1])
                    yield index, time, cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
                index += 1

    def is_complete(self, read):
        """bool: Whether as many frames were read as the file says.

        Args:
            read (int): Index of the last frame, plus 1.
        """
        return self.count is None or read >= _COMPLETE * self.count


def _names_others(path):
    """bool: Whether a file is a list of others, or its name a pattern.

    The FFmpeg of OpenCV 4 does not know that it must not follow them.
    """
    with open(path, 'rb') as file:
        return file.read(8) == b'ffconcat' or bool(
            re.search(r'%\d*d', path.name))


def _positive(value):
    """float | None: A number that a file may leave out."""
    return value if math.isfinite(value) and value > 0 else None

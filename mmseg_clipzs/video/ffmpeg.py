"""OpenCV's FFmpeg: quiet, and for files only."""
import os
from contextlib import contextmanager

import cv2

_SILENT = 0  # level of OpenCV's log
_SETTINGS = {
    # It would say on the terminal what it does not like.
    'OPENCV_FFMPEG_LOGLEVEL': '-8',
    # Playlists and patterns must not open addresses or other files: formats
    # that are one file, by FFmpeg's names.
    'OPENCV_FFMPEG_CAPTURE_OPTIONS': 'protocol_whitelist;file|'
    'format_whitelist;apng,asf,avi,dirac,dv,flv,gif,gxf,h261,h263,h264,hevc,'
    'ivf,m4v,matroska,mjpeg,mov,mpeg,mpegts,mpegvideo,mpjpeg,mxf,nsv,nut,obu,'
    'ogg,rm,vc1,vc1test,vvc,webp_anim,wtv,yuv4mpegpipe'}


def open_writer(path, codec, fps, size, is_color):
    """cv2.VideoWriter: As its constructor makes it; it may not be open."""
    with _settings():
        return cv2.VideoWriter(
            os.fspath(path), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*codec),
            fps, size, is_color)


@contextmanager
def capture(path):
    """Open a video.

    Args:
        path (str | Path): The file.

    Yields:
        cv2.VideoCapture: It may not be open.
    """
    with _settings():
        opened = cv2.VideoCapture(os.fspath(path), cv2.CAP_FFMPEG)
    opened.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)  # OpenCV 4 does not
    try:
        yield opened
    finally:
        opened.release()


@contextmanager
def _settings():
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    logs = getattr(cv2.utils, 'logging', cv2)  # OpenCV 5, or 4
    level = logs.getLogLevel()
    logs.setLogLevel(_SILENT)
    try:
        yield
    finally:
        logs.setLogLevel(level)

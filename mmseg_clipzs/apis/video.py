"""Segment the frames of a video."""
import logging
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from mmengine.logging import print_log
from PIL import Image
from tqdm import tqdm

from mmseg_clipzs.compat import versions
from mmseg_clipzs.datasets.images import open_image
from mmseg_clipzs.folders import RESULTS, make_header, read_header
from mmseg_clipzs.folders.names import fit
from mmseg_clipzs.folders.record import to_line
from mmseg_clipzs.labels import IGNORE_INDEX
from mmseg_clipzs.utils import (
    UserError,
    atomic_write,
    check_number,
    check_replaceable,
    shown,
)
from mmseg_clipzs.version import __version__
from mmseg_clipzs.video import (
    Video,
    mask_writer,
    overlay_writer,
    written_rate,
)
from mmseg_clipzs.visualization import Style, class_palette, named_overlay

from .photo_work import class_records
from .photos import Photo
from .saving import work_beside


@dataclass
class VideoSummary:
    """What was made of a video.

    Attributes:
        frames (int): Segmented frames.
        total (int): How many there are, perhaps only about.
        files (list[Path]): Label maps, overlay, ``results.jsonl``.
    """
    frames: int
    total: int
    files: list

    def __str__(self):
        mask, picture, results = self.files
        are = 'frame is' if self.frames == 1 else 'frames are'
        return (f'{self.frames} {are} in {shown(mask)} (class indices) '
                f'and {shown(picture)}; {results.name} describes them.')


def check_video(path, every=1, smoothing=0):
    """Check a video and its options, before a model is loaded.

    Args:
        path, every, smoothing: See :class:`VideoRun`.

    Returns:
        Video: The video.

    Raises:
        UserError: No video, a single image, or an option out of range.
    """
    check_number('every', every, '[1, inf)', int)
    check_number('smoothing', smoothing, '[0, 1)')
    if _is_still(path):
        raise UserError(f'{shown(path)} is a single image, no video: clipzs '
                        f'segment {shown(path)} segments it.')
    return Video(path)


def _is_still(path):
    """bool: Whether a file is an image, and no animation."""
    try:
        with open_image(path) as image:
            return getattr(image, 'n_frames', 1) == 1
    except (OSError, UserError, ValueError, SyntaxError,
            Image.DecompressionBombError):
        return False  # what it is then, Video says


class VideoRun:
    """Segments a video into a folder of results.

    Writes ``NAME_mask.avi`` with the class index of each pixel (FFV1, which
    loses nothing), ``NAME_overlay.mp4`` to look at, and ``results.jsonl``
    with a line for each frame. An interruption keeps the frames before it.

    Args:
        inferencer (ZeroShotInferencer): Or an exported model's.
        path (str | Path): The video.
        out (str | Path): Folder of the results.
        every (int): Segment every Nth frame, from the first.
        smoothing (float): Weight in [0, 1) of the scores of the frames
            before; see :class:`ScoreSmoothing`.
        batch_size (int): Frames per batch.
        style (Style, optional): How the overlay looks.
        colours (dict, optional): See :func:`class_palette`.

    Raises:
        UserError: No video, an option out of range, a model that has no
            scores to smooth, more than 255 classes, or results of something
            else in ``out``.
        NotOursError: A file in the way that this package did not write.
    """

    def __init__(self, inferencer, path, out, every=1, smoothing=0,
                 batch_size=1, style=None, colours=None):
        self.batch_size = check_number(
            'batch_size', batch_size, '[1, inf)', int)
        self.video, self.out = check_video(path, every, smoothing), Path(out)
        self.every = every
        self._segment = inferencer.segmenter(smoothing=smoothing)
        about = inferencer.describe()
        self.classes, self.palette = about['classes'], about['palette']
        if colours:
            self.palette = class_palette(self.classes, colours)
        self.style = style or Style()
        if len(self.classes) > IGNORE_INDEX:
            raise UserError(
                f'A video of label maps has up to {IGNORE_INDEX} classes, but '
                f'got {len(self.classes)}.')
        self.name = fit(Path(path).stem)
        self.files = [self.out / f'{self.name}_mask.avi',
                      self.out / f'{self.name}_overlay.mp4',
                      self.out / RESULTS]
        self.fps = self._rate()
        self.header = make_header(__version__, {
            **about['settings'], 'video': str(path), 'every': every,
            'smoothing': smoothing, 'fps': self.fps,
            **{key: getattr(self.style, key) for key in (
                'opacity', 'outlines', 'labels')}},
            self.classes, self.palette, versions())
        self._check_files()
        self.total = self.video.count and -(-self.video.count // every)
        self.done = 0

    def _rate(self):
        """float: Frames per second of the written videos."""
        wanted = self.video.fps / self.every
        rate = written_rate(wanted)
        if rate != wanted:
            print_log(
                f'The written videos have {rate:g} frames per second instead '
                f'of {wanted:g}, which their files cannot say. {RESULTS} has '
                'the times.', 'current', logging.WARNING)
        return rate

    def _check_files(self):
        results = self.files[-1]
        check_replaceable(results)
        check_replaceable(*self.files, by=results)
        if results.exists():
            there = (read_header(results) or {}).get('settings', {})
            if there.get('video') != self.header['settings']['video']:
                raise UserError(
                    f'{shown(self.out)} has the results of '
                    f'{shown(there.get("video") or "photos")}: choose another '
                    '--out for this video.')

    def run(self):
        """Segment the frames.

        Returns:
            VideoSummary: What was made.

        Raises:
            KeyboardInterrupt: The results of the frames before it are there.
            UserError: The folder cannot be written, or the disk is full.
        """
        stopped, last = None, 0
        # The one that says who wrote them is replaced first.
        with atomic_write(self.files[0]) as mask, \
                atomic_write(self.files[1]) as picture, \
                atomic_write(self.files[2]) as results, \
                self._writing(mask, picture, results) as write:
            try:
                with tqdm(total=self.total, desc='frames', unit=' frames',
                          disable=None, leave=False, dynamic_ncols=True
                          ) as bar:
                    # A thread, which no signal interrupts, writes a frame
                    # to all files or to none.
                    for read in work_beside(self._batches(), write, True):
                        last = read
                        bar.update()
            except KeyboardInterrupt as e:
                if not self.done:
                    raise
                stopped = e
        if stopped:
            raise stopped
        if not self.video.is_complete(last + self.every - 1):
            print_log(
                f'Only the first {last} of about {self.video.count} frames of '
                f'{shown(self.video.path)} could be read: the file may be '
                'damaged or cut short.', 'current', logging.WARNING)
        return VideoSummary(self.done, self.total or self.done, self.files)

    def _batches(self):
        """Yields: list[tuple]: Index, time and result of each frame."""
        frames = self.video.frames(self.every)
        while batch := list(islice(frames, self.batch_size)):
            results = self._segment([
                (Photo(image, index), self.name) for index, _, image in batch])
            for result in results:
                if isinstance(result, UserError):
                    raise result
            yield [(index, time, result) for (index, time, _), result
                   in zip(batch, results)]

    @contextmanager
    def _writing(self, mask, picture, results):
        """Open the files.

        Args:
            mask, picture, results (Path): Temporary files.

        Yields:
            Callable: Writes a frame, given as a tuple of its index, its time
            and its result; returns how many frames of the video are read.
        """
        size = self.video.size
        masks = mask_writer(mask, self.fps, size)
        pictures = overlay_writer(picture, self.fps, size)

        def write(frame):
            index, time, result = frame
            height, width = size
            line = to_line(dict(
                source=str(self.video.path), name=self.name, frame=index,
                time=round(time, 6), width=width, height=height,
                classes=class_records(result), files=[]))
            painted = named_overlay(
                result.photo, result.mask, self.classes, self.palette,
                self.style)
            lines.write(line)
            masks.write(result.mask.astype('uint8'))
            pictures.write(painted)
            self.done += 1
            return index + 1

        with open(results, 'wb') as lines:
            lines.write(to_line(self.header))
            try:
                yield write
            finally:
                masks.close()
                pictures.close()

    def progress(self):
        """str: How far it came, for the end of a sentence."""
        if not self.done:
            return 'no frame was done'
        about = f' of about {self.total}' * bool(self.total)
        return (f'{self.done}{about} frames are in {shown(self.files[0])} and '
                f'{shown(self.files[1])}, which play')


def segment_video(inferencer, path, out, **options):
    """Segment the frames of a video.

    >>> segment_video(inferencer, 'clip.mp4', 'out', smoothing=.7)

    Args:
        inferencer (ZeroShotInferencer): With its classes set.
        path (str | Path): The video.
        out (str | Path): Folder of the results, created if missing.
        options: See :class:`VideoRun`.

    Returns:
        VideoSummary: What was made.

    Raises:
        UserError: See :class:`VideoRun`.
    """
    return VideoRun(inferencer, path, out, **options).run()

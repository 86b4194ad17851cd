"""Segment many photos into a folder of results, in one or several runs."""
import os
from contextlib import suppress
from pathlib import Path

import numpy as np

from mmseg_clipzs.compat import versions
from mmseg_clipzs.datasets.images import SampleError
from mmseg_clipzs.folders import (
    RESULTS,
    Alone,
    Lines,
    Part,
    Progress,
    Results,
    check_alone,
    differences,
    find_photos,
    is_done,
    make_header,
    read_header,
    records_in,
    write_results,
)
from mmseg_clipzs.formats import make_formats
from mmseg_clipzs.utils import (
    UserError,
    check_number,
    check_replaceable,
    keep_interrupts,
    shown,
)
from mmseg_clipzs.version import __version__
from mmseg_clipzs.visualization import Style, class_palette

from .photo_work import PhotoWork
from .photos import Photo, none_readable
from .saving import work_beside
from .summary import Summary

_SENTENCES = 10  # of photos without results


class FolderRun:
    """Segments photos into a folder; the next run does what is left.

    Args:
        inferencer (ZeroShotInferencer): Or an exported model's.
        photos (Photos): Result of ``find_photos``.
        out (str | Path): Folder of the results.
        formats (Sequence[str]): Keys of ``FORMATS``.
        options (dict, optional): Of the formats.
        batch_size (int): Photos per batch.
        overwrite (bool): Replace the results of earlier runs.
        team (Alone): The processes that share the photos.
        on_photo (Callable, optional): Called with the line of each photo that
            has results, once its files are written.
        colours (dict, optional): See :func:`class_palette`.

    Raises:
        UserError: Results of other settings are there, or another run writes
            to the folder, or an unknown format.
        NotOursError: ``results.jsonl`` is a file of the user.
    """

    def __init__(self, inferencer, photos, out, formats=('overlay', 'index'),
                 options=None, batch_size=1, overwrite=False, team=None,
                 on_photo=None, colours=None):
        check_number('batch_size', batch_size, '[1, inf)', int)
        self.photos, self.out = photos, Path(out)
        self.team, self.batch_size = team or Alone(), batch_size
        segment, options = inferencer.segmenter(), options or {}
        about = inferencer.describe()
        named = about['classes'], (class_palette(
            about['classes'], colours) if colours else about['palette'])
        self.names = sorted(set(formats))
        self.formats = make_formats(self.names, out, *named, **options)
        self.work = PhotoWork(
            photos, segment, self.formats, on_photo, named[1])
        settings = {**about['settings'], **_format_settings(formats, options)}
        self.header = make_header(__version__, settings, *named, versions())
        self.todo = np.frombuffer(self.team.share(
            'todo', lambda: self._plan(overwrite)), np.uint32)
        self.before = len(photos) - len(photos.errors) - len(self.todo)

    def _plan(self, overwrite):
        """bytes: Indices of the photos to do; in the first process only."""
        check_replaceable(self.out / RESULTS)
        for each in self.formats:
            each.check_root()
        found = records_in(self.out)
        self.part = Part(self.out, self.header)
        self.lines = Lines(self.photos)
        try:
            check_alone(found)
            if overwrite:
                for path in found:
                    path.unlink()
                found = []
            _check_settings(self.out, found, self.header)
        except BaseException:
            self.part.close()
            raise
        self.lines.read(found, is_done(self.photos, self.out))
        self._found = found
        return self.lines.missing().astype(np.uint32).tobytes()

    def run(self):
        """Do the photos that are left.

        Returns:
            Summary: Of all processes in the first one; of the others None.

        Raises:
            UserError: The folder cannot be written, or a process is gone.
        """
        if self.team.rank:
            self.part = Part(self.out, self.header)
        self.team.tell('part', self.part.path.name)
        gone = []
        try:
            # Locks of threads may turn an interruption into their own error.
            with keep_interrupts(), Progress(
                    self.team, len(self.photos) - len(self.photos.errors),
                    self.before) as progress:
                for records in self._segmented():
                    self.part.append(records)
                    failed = sum('error' in record for record in records)
                    progress.add(len(records) - failed, failed)
                self.part.close()
                self.team.end()
                if not self.team.rank:
                    gone = self.team.wait(progress.show)
        except BaseException:
            self.part.close()
            with suppress(UserError, SystemExit):  # the first one is gone
                self.team.end()
            raise
        return None if self.team.rank else self._finish(gone)

    # -------------------------------------------------------------- photos
    def _blocks(self):
        """Yields: list[int]: Photos to do together.

        Blocks are the same in any number of processes and after any
        interruption: what is in a batch may change the last digits.
        """
        edges = np.flatnonzero(np.diff(self.todo // self.batch_size)) + 1
        edges = np.concatenate([[0], edges, [len(self.todo)]])
        while True:
            at = self.team.count('blocks', 1) - 1
            if at >= len(edges) - 1 or not len(self.todo):
                return
            yield [int(i) for i in self.todo[edges[at]:edges[at + 1]]]

    def _segmented(self):
        """Yields: list[dict]: The lines of the photos of a block."""
        def batches():
            for block in self._blocks():
                yield [*self.work.segment(block), None]  # which ends it

        lines = []
        # Heat maps take memory: the next batch comes after them.
        for line in work_beside(batches(), self.work.write,
                                'heatmaps' not in self.names):
            if line is not None:
                lines.append(line)
            elif lines:
                yield lines
                lines = []

    # ----------------------------------------------------------------- end
    def _finish(self, gone):
        # Not by the folder's list, which may be old on network file systems.
        mine = [path for path in map(self.out.joinpath, self.team.told(
            'part')) if path.exists()]
        self.lines.read(mine)
        missing = len(self.lines.missing())
        if missing:
            who = f'Process {", ".join(map(str, gone))}' if gone else (
                'Another process')
            raise UserError(
                f'{who} ended early: {missing} of {len(self.photos)} photos '
                'are not done. The same command does them.')
        failed = int(self.lines.failed.sum())
        summary = Summary(
            self.out, len(self.photos), len(self.photos) - failed,
            self.before, failed, self.lines.first_failed(_SENTENCES),
            [write_results(self.out, self.header, self.lines)],
            self.photos.left_out)
        results = Results(self.out / RESULTS)
        for each in self.formats:
            summary.files += each.finish(results, results.errors())
        for path in (*mine, *self._found):
            if path.name != RESULTS:
                path.unlink(missing_ok=True)
        return summary

    def progress(self):
        """str: How far all processes are, for the end of a sentence."""
        try:
            done, failed = (self.team.count(key, 0)
                            for key in ('done', 'failed'))
        except (UserError, SystemExit):  # the launcher has ended
            return f'what is done is in {shown(self.out)}'
        text = (f'{self.before + done} of {len(self.photos)} photos are done '
                f'in {shown(self.out)}')
        were = 'was' if failed == 1 else 'were'
        return text + (f', {failed} {were} skipped' if failed else '')


def check_earlier(out, settings, formats, options=None):
    """Look for results of other settings, before a model is loaded.

    Args:
        out (str | Path): Folder of the results.
        settings (dict): Those of a model that are known already.
        formats, options: See :class:`FolderRun`.

    Raises:
        UserError: There are some.
    """
    _check_settings(Path(out), records_in(out), dict(
        version=__version__,
        settings={**settings, **_format_settings(formats, options or {})}),
        part=True)


def _format_settings(formats, options):
    """dict: Settings of the formats, in the first line of results."""
    settings = dict(formats=sorted(set(formats)), **options)
    style = settings.pop('style', Style())
    return {**settings, **vars(style)}


def _check_settings(out, found, header, part=False):
    for path in found:
        before = read_header(path)
        what = before and differences(header, before, part)
        if what:
            raise UserError(
                f'{shown(out)} has results of other settings '
                f'({"; ".join(what)}): choose another --out, or replace '
                'them with --overwrite.')


def segment_folder(inferencer, inputs, out, **options):
    """Segment photos into a folder of results, with ``results.jsonl``.

    >>> summary = segment_folder(inferencer, ['photos', '@more.txt'], 'out')

    Photos that cannot be read are skipped and counted. Called again, it does
    what is left: photos that are new or have changed, and those whose files
    are missing.

    Args:
        inferencer (ZeroShotInferencer): With its classes set.
        inputs (str | Path | Sequence): See
            :func:`mmseg_clipzs.folders.find_photos`.
        out (str | Path): Folder of the results, created if missing.
        options: ``formats``, ``batch_size``, ``overwrite``, ... of
            :class:`FolderRun`.

    Returns:
        Summary: What was done.

    Raises:
        UserError: Nothing to segment, or as for :class:`FolderRun`.
    """
    if isinstance(inputs, (str, os.PathLike)):
        inputs = [inputs]
    return FolderRun(
        inferencer, find_photos(inputs, out), out, **options).run()


def require_readable(photos):
    """Look for a photo that can be read, before a model is loaded.

    Args:
        photos (Photos): Result of ``find_photos``.

    Raises:
        UserError: There is none.
    """
    first = photos.errors.get(0)
    for i, path in enumerate(photos.paths):
        if i in photos.errors:
            continue
        try:
            Photo(path, i).read()
            return
        except SampleError as e:
            first = first or str(e)
    raise none_readable([first], len(photos))

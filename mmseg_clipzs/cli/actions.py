"""Arguments of the commands that are checked as they are read."""
import argparse
import os

from mmseg_clipzs.run.launchers import check_launcher
from mmseg_clipzs.utils import (
    AUTO,
    UserError,
    read_background,
    read_max_size,
)


class Launcher(argparse.Action):
    """Refuse a launcher that did not start this process."""

    def __call__(self, parser, namespace, values, option_string=None):
        if values != 'none':
            try:
                check_launcher(values)
            except UserError as e:
                parser.error(f'argument {option_string}: {values} did not '
                             f'start this process. {e}')
        setattr(namespace, self.dest, values)


class LocalRank(argparse.Action):
    """Pass the rank on to mmengine, which reads the environment."""

    def __call__(self, parser, namespace, values, option_string=None):
        os.environ.setdefault('LOCAL_RANK', str(values))


class MaxSize(argparse.Action):
    """Check a limit of photos' sizes; equal ones become equal values."""

    def __call__(self, parser, namespace, values, option_string=None):
        try:
            setattr(namespace, self.dest, read_max_size(values, option_string))
        except UserError as e:
            parser.error(str(e))


class Classes(argparse.Action):
    """All classes at once."""

    def __call__(self, parser, namespace, values, option_string=None):
        if isinstance(getattr(namespace, self.dest), list):
            parser.error(_BOTH)
        setattr(namespace, self.dest, values)


class Word(argparse.Action):
    """One class after the other, in the list of :class:`Classes`."""

    def __call__(self, parser, namespace, values, option_string=None):
        given = getattr(namespace, self.dest)
        if isinstance(given, str):
            parser.error(_BOTH)
        setattr(namespace, self.dest, [*(given or ()), values])


_BOTH = ('--classes names all classes and -w (--word) one of them: give '
         'either --classes, or -w for each class.')


class Background(argparse.Action):
    """Check a background; equal ones become equal values."""

    def __call__(self, parser, namespace, values, option_string=None):
        try:
            contrast, threshold = read_background(values, option_string)
        except UserError as e:
            parser.error(str(e))
        setattr(namespace, self.dest, threshold if not contrast else
                AUTO if threshold is None else f'{AUTO},{threshold}')

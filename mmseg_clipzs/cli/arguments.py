"""Shared arguments of the commands, with one help text each."""
import argparse
import textwrap
import weakref

from mmseg_clipzs.run.configs import (
    check_checkpoint,
    find_config,
    split_config,
)
from mmseg_clipzs.utils import (
    AUTO,
    check_output,
    is_first_process,
)
from mmseg_clipzs.vocabularies import get_vocabulary

from .actions import (
    Background,
    Classes,
    Launcher,
    LocalRank,
    MaxSize,
    Word,
)
from .config_options import ConfigOptions

_JOB = ('checkpoint', 'data_root', 'classes', 'clip', 'tta')


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Keeps the line breaks of a description and shows defaults."""

    def _get_help_string(self, action):
        shown = action.default not in (None, False, argparse.SUPPRESS)
        if not shown or action.default in ([], {}) or (
                '(default' in action.help):
            return action.help
        if isinstance(action.default, (list, tuple)):
            return f'{action.help} (default: ' + ' '.join(
                map(str, action.default)).replace('%', '%%') + ')'
        return f'{action.help} (default: %(default)s)'

    def _split_lines(self, text, width):
        return [line for paragraph in text.splitlines()
                for line in textwrap.wrap(paragraph, width,
                                          break_on_hyphens=False)]


class _Parser(argparse.ArgumentParser):
    """Checks inputs and outputs, also default ones, as soon as possible."""

    def parse_args(self, *args, **kwargs):
        parsed = super().parse_args(*args, **kwargs)
        for action in self._actions:
            value = getattr(parsed, action.dest, None)
            if action in _CHECKS and value is not None:
                _CHECKS[action](value)
        return parsed


# Action -> function that refuses some values.
_CHECKS = weakref.WeakKeyDictionary()


def _check_output(flag, folder):
    """Callable: Refuses what cannot be written."""
    return lambda value: is_first_process() and check_output(
        value, flag, folder)


def _check_config(value):
    for text in [value] if isinstance(value, str) else value:
        config, checkpoint = split_config(text)
        find_config(config)
        if checkpoint:
            check_checkpoint(checkpoint)


def _check_model(value):
    if not value.lower().endswith('.onnx'):
        _check_config(value)


def _check_classes(value):
    get_vocabulary(value).require_words()


def add_output(parser, *flags, folder=False, **settings):
    """Add an option for what a tool writes, checked before it begins.

    Args:
        parser (ArgumentParser): Result of :func:`make_parser`.
        flags (str): As for ``add_argument``.
        folder (bool): Whether it is a folder, or a file.
        settings: As for ``add_argument``.
    """
    action = parser.add_argument(*flags, **settings)
    _CHECKS[action] = _check_output(flags[0], folder)


_CONFIG = dict(
    metavar='CONFIG[:CHECKPOINT]',
    help='config file, or a name that clipzs configs lists')
# name -> flags, settings
_ARGUMENTS = {
    'config': (['config'], _CONFIG),
    'configs': (['configs'], dict(_CONFIG, nargs='+', help=(
        'config files, or names that clipzs configs lists'))),
    'model': (['--config'], dict(
        _CONFIG, default='maskclip_voc', help='config of the model '
        '(maskclip_toy needs no download), or an exported .onnx file')),
    # Positional, as in MMSegmentation's tools.
    'checkpoint_after_config': (['checkpoint'], dict(
        nargs='?', default=argparse.SUPPRESS, metavar='CHECKPOINT',
        help='same as --checkpoint')),
    'checkpoint': (['--checkpoint'], dict(
        metavar='FILE', help='weights of a trained model, a file or URL; '
        'zero-shot models have their own')),
    'clip': (['--clip'], dict(
        metavar='MODEL[:WEIGHTS]',
        help="replaces the config's CLIP, e.g. ViT-L-14:openai or "
        "ViT-B-16:weights.pt; by default with the config's weights")),
    'classes': (['--classes'], dict(
        action=Classes,
        help='the classes: "cat; grass, lawn; sky" (";" between classes, "," '
        'between words of a class), a text file with one class per line, or '
        'the name of a vocabulary (voc20; clipzs vocabularies lists them)')),
    'word': (['-w', '--word'], dict(
        dest='classes', action=Word, metavar='WORD',
        help='one class instead of --classes, once for each: -w cat '
        '-w "grass, lawn"')),
    'background': (['--background'], dict(
        action=Background, metavar='P|auto',
        help='a class "background" for pixels whose best class has a '
        'probability below P (0 to 1); for words of what images show around '
        'objects (auto), which helps with one or two classes; or both '
        '(auto,P)')),
    'max_size': (['--max-size'], dict(
        action=MaxSize, default=AUTO, metavar='N|none',
        help='segment larger photos at this longest side in pixels, or at '
        'their own size (none). auto is 1024, but leaves it to configs that '
        'resize photos. Label maps always have the size of the photo')),
    'data_root': (['--data-root'], dict(
        metavar='FOLDER', help="replaces the root of the config's data")),
    'photos': (['--photos'], dict(
        metavar='FOLDER', help='folder of images without labels to use '
        "instead of the config's data")),
    'device': (['--device'], dict(
        help='cpu, cuda:0, ... (default: the first GPU, if any)')),
    'out': (['--out'], dict(
        metavar='FOLDER', folder=True, help='folder for the results')),
    'work_dir': (['--work-dir'], dict(
        metavar='FOLDER', folder=True,
        help='folder for logs and checkpoints (default: '
        "the config's, or work_dirs/CONFIG)")),
    'tta': (['--tta'], dict(
        action='store_true', help='test-time augmentation')),
    'cfg_options': (['--cfg-options'], dict(
        nargs='+', action=ConfigOptions, default={}, metavar='KEY=VALUE',
        help='override settings of the config, e.g. '
        'test_dataloader.num_workers=8')),
    'launcher': (['--launcher'], dict(
        choices=['none', 'pytorch', 'slurm', 'mpi'], default='none',
        action=Launcher,
        help='job launcher')),
    'local_rank': (['--local_rank', '--local-rank'], dict(
        type=int, action=LocalRank, default=argparse.SUPPRESS,
        help=argparse.SUPPRESS)),
}
_FOLLOWS = {'launcher': 'local_rank', 'classes': 'word'}

# What is known to be wrong without PyTorch.
_INPUTS = {'config': _check_config, 'configs': _check_config,
           'model': _check_model,
           'checkpoint_after_config': check_checkpoint,
           'checkpoint': check_checkpoint, 'classes': _check_classes}


def make_parser(description, prog=None):
    """Make a parser whose help keeps line breaks and shows defaults.

    Args:
        description (str): What the command does, with examples.
        prog (str, optional): The command, by default the program's name.

    Returns:
        ArgumentParser: Without arguments, except ``--help``.
    """
    return _Parser(
        prog=prog, description=description, formatter_class=_Formatter)


def add_arguments(parser, *names, **changed):
    """Add shared arguments in the given order.

    Args:
        parser (ArgumentParser): A parser or a group of one.
        names (str): Keys of ``_ARGUMENTS``; 'launcher' also adds
            ``--local_rank``, and 'classes' ``--word``.
        changed (dict): Arguments with settings of ``add_argument`` that differ
            in this tool. ``flags`` replaces the flags, but not the
            attribute's name; ``folder`` says whether an output is a folder or
            a file.
    """
    for name in (*names, *changed):
        flags, settings = _ARGUMENTS[name]
        settings = {**settings, **changed.get(name, {})}
        if 'flags' in settings:
            flags = settings.pop('flags')
            settings['dest'] = name
        folder = settings.pop('folder', None)
        action = parser.add_argument(*flags, **settings)
        if folder is not None:
            _CHECKS[action] = _check_output(flags[0], folder)
        elif name in _INPUTS:
            _CHECKS[action] = _INPUTS[name]
        if name in _FOLLOWS:
            add_arguments(parser, _FOLLOWS[name])


def job_of(args, **fields):
    """Make a job from a tool's arguments.

    Args:
        args (Namespace): With ``config`` and any other arguments of a job.
        fields: Attributes of the job that replace arguments.

    Returns:
        Job: The job.

    Raises:
        UserError: As for :class:`Job`.
    """
    from mmseg_clipzs.run.job import Job
    given = {name: getattr(args, name) for name in _JOB if name in args}
    options = getattr(args, 'cfg_options', {})
    return Job.parse(args.config, **{'options': options, **given, **fields})

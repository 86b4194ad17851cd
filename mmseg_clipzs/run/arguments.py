"""Shared arguments of the command-line tools, with one help text each."""
import argparse
import os
import textwrap

from mmengine.config import DictAction

from .job import Job

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
                for line in textwrap.wrap(paragraph, width)]


class _LocalRank(argparse.Action):
    """Pass the rank on to mmengine, which reads the environment."""

    def __call__(self, parser, namespace, values, option_string=None):
        os.environ.setdefault('LOCAL_RANK', str(values))


_CONFIG = dict(
    metavar='CONFIG[:CHECKPOINT]',
    help='config file, or the name of a config in configs/')
# name -> flags, settings
_ARGUMENTS = {
    'config': (['config'], _CONFIG),
    'configs': (['configs'], dict(_CONFIG, nargs='+', help=(
        'config files, or names of configs in configs/'))),
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
        help='the classes: "cat; grass, lawn; sky" (";" between classes, "," '
        'between words of a class), a text file with one class per line, or '
        'the name of a vocabulary (voc20)')),
    'data_root': (['--data-root'], dict(
        metavar='FOLDER', help="replaces the root of the config's data")),
    'photos': (['--photos'], dict(
        metavar='FOLDER', help='folder of images without labels to use '
        "instead of the config's data")),
    'device': (['--device'], dict(
        help='cpu, cuda:0, ... (default: the first GPU, if any)')),
    'out': (['--out'], dict(
        metavar='FOLDER', help='folder for the results')),
    'work_dir': (['--work-dir'], dict(
        metavar='FOLDER', help='folder for logs and checkpoints (default: '
        "the config's, or work_dirs/CONFIG)")),
    'tta': (['--tta'], dict(
        action='store_true', help='test-time augmentation')),
    'cfg_options': (['--cfg-options'], dict(
        nargs='+', action=DictAction, default={}, metavar='KEY=VALUE',
        help='override settings of the config, e.g. '
        'test_dataloader.num_workers=8')),
    'launcher': (['--launcher'], dict(
        choices=['none', 'pytorch', 'slurm', 'mpi'], default='none',
        help='job launcher')),
    'local_rank': (['--local_rank', '--local-rank'], dict(
        type=int, action=_LocalRank, default=argparse.SUPPRESS,
        help=argparse.SUPPRESS)),
}


def make_parser(description):
    """ArgumentParser: Its help keeps line breaks and shows defaults."""
    return argparse.ArgumentParser(
        description=description, formatter_class=_Formatter)


def add_arguments(parser, *names, **changed):
    """Add shared arguments in the given order.

    Args:
        parser (ArgumentParser): A parser or a group of one.
        names (str): Keys of ``_ARGUMENTS``; 'launcher' also adds
            ``--local_rank``.
        changed (dict): Arguments with settings of ``add_argument`` that differ
            in this tool. ``flags`` replaces the flags, but not the
            attribute's name.
    """
    for name in (*names, *changed):
        flags, settings = _ARGUMENTS[name]
        settings = {**settings, **changed.get(name, {})}
        if 'flags' in settings:
            flags = settings.pop('flags')
            settings['dest'] = name
        parser.add_argument(*flags, **settings)
        if name == 'launcher':
            add_arguments(parser, 'local_rank')


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
    given = {name: getattr(args, name) for name in _JOB if name in args}
    options = getattr(args, 'cfg_options', {})
    return Job.parse(args.config, **{'options': options, **given, **fields})

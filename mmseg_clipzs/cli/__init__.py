"""The commands of ``clipzs``.

A module for each, with its name and

* a docstring: the description, with examples;
* ``add_options(parser)``: its arguments;
* ``check(args, parser)``, which may be missing: what can be checked at once;
* ``run(args)``: the work.

What is imported for the first three takes no time: the standard library,
``utils``, ``recipes``, other modules of this folder. Everything is registered
when ``run`` is called, which imports the rest; ``LIGHT = True`` says that it
needs nothing else.
"""
import argparse
import os
from functools import partial
from importlib import import_module

from mmseg_clipzs.utils import UserError, did_you_mean, run_tool, shown
from mmseg_clipzs.version import __version__

from .arguments import make_parser

COMMANDS = {
    'segment': 'segment photos into classes named by words',
    'video': 'segment the frames of a video',
    'web': 'try words on photos, on a page in the browser',
    'test': 'evaluate a config',
    'train': 'train a config, also without labels',
    'leaderboard': 'evaluate methods on datasets, in one table',
    'corruptions': 'evaluate under noise, blur and compression',
    'benchmark': 'time a config, stage by stage',
    'configs': 'list the configs that come along',
    'vocabularies': 'list the class lists, their words and templates',
    'choose-templates': 'choose prompt templates for each class',
    'check-data': 'validate datasets before a long run',
    'doctor': 'check this installation, and weights',
    'export-onnx': 'export a segmentor to ONNX',
    'export-student': 'export a student of MaskCLIP+ to plain mmseg',
    'export-weights': 'export float16 weights of a training',
    'make-shards': 'pack images and captions into shards',
    'prepare-captions': 'add the nouns of captions to a list',
    'make-coco-object': "convert COCO's instances to masks",
    'make-regions': 'find regions of photos, for other commands',
    'make-toy-scenes': 'generate the toy dataset',
    'train-toy-clip': 'train the toy CLIP',
    'train-toy-dino': 'train the toy DINO, a second network',
    'demo': 'evaluate four methods on toy scenes and draw a sheet',
}


def run_command(command, arguments, register):
    """Run a command; ends the process if it fails.

    Args:
        command (str | module, optional): Its name or module; by default the
            first argument is the name.
        arguments (Sequence[str]): The command line, without the program.
        register (Callable): Imports the libraries and registers everything.
    """
    run_tool(partial(_run, command, arguments, register))


def _run(command, arguments, register):
    if command is None:
        command, *arguments = _chosen(arguments)
    prog = None  # of tools/NAME.py, their name
    if isinstance(command, str):
        prog = f'clipzs {command.replace("_", "-")}'
        command = import_module(f'{__name__}.{command.replace("-", "_")}')
    parser = make_parser(command.__doc__, prog)
    command.add_options(parser)
    args = parser.parse_args(arguments)
    if hasattr(command, 'check'):
        command.check(args, parser)
    try:
        if not getattr(command, 'LIGHT', False):
            register()
    except ImportError as e:  # a library that is missing or does not fit
        if (e.name or '').startswith('mmseg_clipzs.'):
            raise
        text = f'{e}'
        if not text.startswith('mmseg_clipzs '):  # not of compat
            text = (f'A library cannot be imported: {e}. Install what is '
                    'missing: pip install "mmseg_clipzs[lite]".')
        raise UserError(text) from e
    command.run(args)


def _chosen(arguments):
    """list[str]: The name of a command, and what follows it."""
    width = max(map(len, COMMANDS))
    parser = make_parser(
        'Zero-shot CLIP segmentation for MMSegmentation.\n\n'
        + '\n'.join(f'    {name:{width}}  {what}'
                    for name, what in COMMANDS.items())
        + '\n\nclipzs COMMAND --help describes a command.', prog='clipzs')
    parser.usage = '%(prog)s [-h] [--version] COMMAND ...'
    parser.add_argument('command', nargs='?', help=argparse.SUPPRESS)
    parser.add_argument('--version', action='version',
                        version=f'mmseg_clipzs {__version__}')
    given = parser.parse_args(arguments[:1]).command
    if given is None:
        parser.error('Name a command; clipzs --help lists them.')
    name = given.replace('_', '-')
    if name not in COMMANDS:
        parser.error(f'{_unknown(given)} clipzs --help lists all.')
    return [name, *arguments[1:]]


def _unknown(name):
    """str: What to say about a command that does not exist."""
    longer = [each for each in COMMANDS if each.startswith(f'{name}-')]
    if longer:
        return f'{name} is one of {", ".join(longer)}.'
    if os.path.exists(name):
        return f'{shown(name)} is no command: clipzs segment {shown(name)} ...'
    return f'No command {shown(name)!r}.{did_you_mean(name, COMMANDS)}'

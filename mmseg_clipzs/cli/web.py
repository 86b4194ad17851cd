"""A page to try words on photos, in the browser.

    clipzs web
    clipzs web --config maskclip_toy
    clipzs web --config clearclip_voc --clip ViT-L-14:openai --port 8000

Prints the page's address and serves it until Ctrl-C. Only this machine reaches
it, unless --host or --share says otherwise. Photos are kept as long as their
visitor has the page open, and only in a temporary folder. Needs pip install
"mmseg_clipzs[web]".
"""
import os
import sys
import time
from dataclasses import fields

from mmseg_clipzs.utils import UserError, check_number, import_optional
from mmseg_clipzs.utils.tool import CODE
from mmseg_clipzs.web.limits import Limits, check_limit

from .arguments import add_arguments

_LIMITS = {
    'max_bytes': "size of a photo's file",
    'max_pixels': 'pixels of a photo',
    'max_words': 'rows of words',
    'max_letters': 'letters of a row, with its synonyms',
    'seconds': 'time to compute one answer',
    'visitors': 'sessions whose photos are kept; the one that is unused for '
    'the longest time is forgotten first. As many questions may wait',
    'memory': 'MB of features and results that are kept, of all sessions',
    'idle': 'seconds after which an unused session is forgotten'}


def add_options(parser):
    add_arguments(
        parser, model=dict(
            help='config of the zero-shot model to begin with (maskclip_toy '
            'needs no download)'),
        clip=dict(nargs='+', default=[], help=(
            "CLIPs for the menu beside the config's, e.g. ViT-L-14:openai or "
            'ViT-B-16:weights.pt; the page begins with the first')))
    add_arguments(parser, 'device', 'max_size')
    parser.add_argument(
        '--host', default='127.0.0.1', metavar='ADDRESS',
        help='address to listen at; 0.0.0.0 lets the network in')
    parser.add_argument(
        '--port', type=int, default=7860, metavar='N',
        help='port to listen at; 0 for any free one')
    parser.add_argument(
        '--share', action='store_true',
        help="also serve it at a public address of Gradio's, for anybody who "
        'knows it')
    limits = parser.add_argument_group('limits of each visitor')
    for each in fields(Limits):
        limits.add_argument(
            _option(each.name), type=each.type,
            default=each.default, metavar='N', help=_LIMITS[each.name])


def check(args, parser):
    check_number('--port', args.port, '[0, 65535]', int)
    if args.config.lower().endswith('.onnx'):
        raise UserError(
            f'{args.config} is an exported file, whose words are fixed: name '
            'a config with --config.')
    if not args.host:
        raise UserError('--host must be an address, such as 127.0.0.1.')
    for each in fields(Limits):
        check_limit(each.name, getattr(args, each.name), _option(each.name))


def _option(limit):
    return f'--{limit.replace("_", "-")}'


def _limits(args):
    return Limits(**{each.name: getattr(args, each.name)
                     for each in fields(Limits)})


def run(args):
    print(f'Loading {args.config} ...', flush=True)
    import_optional('gradio', 'web', 'clipzs web')
    from mmseg_clipzs.web.serve import served
    try:
        with served(args.config, args.clip, args.device, args.max_size,
                    args.host, args.port, args.share,
                    _limits(args)) as address:
            print(f'The page is at {address} until Ctrl-C.', flush=True)
            while True:
                time.sleep(3600)
    except KeyboardInterrupt:
        # A thread that still computes would keep the process alive.
        print('Interrupted.', file=sys.stderr, flush=True)
        os._exit(CODE)

"""List the class lists that come along, or the words of one.

    clipzs vocabularies
    clipzs vocabularies voc20 > my_list.txt
    clipzs vocabularies "cat; grass, lawn" --background auto
    clipzs vocabularies --templates
    clipzs vocabularies --templates imagenet80

The words of a list are printed with one class per line, as --classes takes
them from a file. Your own lists are read and checked as by the other commands.
docs/words.md explains them.
"""
import sys

from mmseg_clipzs.utils import UserError, did_you_mean, read_background

from .arguments import add_arguments

LIGHT = True


def add_options(parser):
    parser.add_argument(
        'classes', nargs='?', metavar='LIST', help='the name of a list, a '
        'file, or classes such as "cat; grass, lawn"; without it, all lists')
    add_arguments(parser, background=dict(
        help='also print the words of the background (auto)'))
    parser.add_argument(
        '--templates', nargs='?', const='', metavar='SET',
        help='print the sets of prompt templates, or the templates of one')


def check(args, parser):
    if args.templates is not None and args.classes is not None:
        parser.error('--templates and a list of classes do not go together.')
    if args.background is not None and args.classes is None:
        parser.error('--background needs a list of classes.')


def run(args):
    if args.templates is not None:
        lines = _templates(args.templates)
    elif args.classes is None:
        lines = _lists()
    else:
        lines = _words(args.classes, args.background)
    print('\n'.join(lines))


def _lists():
    from mmseg_clipzs.vocabularies import available, describe, get_vocabulary
    width = max(map(len, available()))
    for name in available():
        vocabulary = get_vocabulary(name)
        yield (f'{name:{width}}  {len(vocabulary.classes):3} classes, '
               f'{len(vocabulary.words):3} words: {describe(name)}')


def _words(classes, background):
    from mmseg_clipzs.vocabularies import available, get_vocabulary
    vocabulary = get_vocabulary(classes)
    near = did_you_mean(classes, available())
    if vocabulary.words == (classes.strip(), ):
        if background is None:
            raise UserError(
                f'There is no list {classes!r}.{near} clipzs vocabularies '
                f'lists all; "{classes};" is a list of one class.')
        if near:
            print(f'{classes!r} is no list, but a class.{near}',
                  file=sys.stderr)
    contrast, threshold = read_background(background)
    if contrast:
        vocabulary = vocabulary.with_contrast()
    elif threshold is not None:
        vocabulary = vocabulary.with_background()
    return vocabulary.to_lines()


def _templates(name):
    from mmseg_clipzs.clip import TEMPLATE_SETS, get_templates
    if name:
        return get_templates(name)
    return [f'{key}: {len(templates)}, "{templates[0]}", ...'
            if len(templates) > 1 else f'{key}: "{templates[0]}"'
            for key, templates in TEMPLATE_SETS.items()]

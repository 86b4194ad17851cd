"""The command line and the Python lines that repeat a result of the page."""
import json
import os
import re
import shlex
from dataclasses import dataclass, field

from mmseg_clipzs.utils import AUTO
from mmseg_clipzs.visualization import Style, class_palette
from mmseg_clipzs.vocabularies import get_vocabulary

FORMATS = ('overlay', 'index', 'coco', 'binary', 'cutout')  # what is offered
OUT = 'out'  # folder of the results
_WIDTH = 80  # letters of a line
_MOST, _STEM = 255, 200  # bytes of a file's name and of a shortened one
# Control characters, also those that show what follows in another order.
_UNSAFE = re.compile('[\0-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069'
                     '\ud800-\udfff]')


@dataclass(frozen=True)
class Settings:
    """All that a result depends on, apart from the photo's content.

    Attributes:
        photo (str): Name of the photo's file, see :func:`file_name`.
        config (str): As of ``ZeroShotInferencer``.
        options (dict): Its ``cfg_options``, which replace the CLIP or
            nothing.
        classes (list[str]): Words of each class, with commas between them.
        background (str | float | None): As of ``ZeroShotInferencer``.
        max_size (int | str | None): As of ``ZeroShotInferencer``.
        colours (dict | None): Result of :func:`given_colours`.
        opacity (float): Of the colours over the photo, in [0, 1].
    """
    photo: str
    config: str
    options: dict = field(default_factory=dict)
    classes: list = field(default_factory=list)
    background: str | float | None = None
    max_size: int | str | None = AUTO
    colours: dict | None = None
    opacity: float = Style.opacity

    def palette(self, classes):
        """list[list[int]]: RGB of each class of a result."""
        return class_palette(classes, self.colours)


def file_name(text):
    """str: Of what a visitor calls a file, a name that any system takes.

    Args:
        text (str): A name, perhaps with folders; nothing is trusted.
    """
    name = _UNSAFE.sub('_', re.split(r'[\\/]', text)[-1])
    if not name.strip('. '):
        return 'photo'
    if len(name.encode()) <= _MOST:
        return name
    stem, suffix = os.path.splitext(name)
    return stem.encode()[:_STEM].decode('utf-8', 'ignore') + suffix[:10]


def given_colours(words, colours, classes):
    """Colours that the package would not choose by itself.

    Args:
        words (Sequence[str]): C texts, the words of each class.
        colours (Sequence): C RGB colours in [0, 255].
        classes (Sequence[str]): Classes of the result, which may have a
            background of its own.

    Returns:
        dict[str, tuple] | None: RGB by name of a class; None if the package
        chooses all of them.
    """
    given = {name: tuple(map(int, colour)) for name, colour in zip(
        get_vocabulary(words).classes, colours)}
    return None if class_palette(classes) == class_palette(
        classes, given) else given


def command_line(settings):
    """The command that repeats a result, for a POSIX shell.

    Args:
        settings (Settings): Of the result.

    Returns:
        str: To be run in the folder of the photo; a long command has a line
        for each option.
    """
    given = [['clipzs', 'segment', _path(settings.photo)],
             ['--config', settings.config]]
    if settings.options:
        given.append(['--clip', ':'.join(settings.options[
            f'model.clip.{key}'] for key in ('model', 'pretrained'))])
    for words in settings.classes:  # which may begin with a dash
        given.append([f'--word={words}'] if words.startswith('-') else [
            '-w', words])
    if settings.background is not None:
        given.append(['--background', f'{settings.background}'])
    if settings.max_size != AUTO:
        given.append(['--max-size', f'{settings.max_size}'.lower()])
    if settings.colours:
        given.append(['--palette', json.dumps({
            name: '#{:02x}{:02x}{:02x}'.format(*colour)
            for name, colour in settings.colours.items()},
            ensure_ascii=False)])
    given += [['--opacity', f'{settings.opacity}'], ['--no-photos'],
              ['--out', OUT], ['--format', *FORMATS]]
    given = list(map(shlex.join, given))
    line = ' '.join(given)
    return line if len(line) <= _WIDTH else ' \\\n    '.join(given)


def python_lines(settings):
    """The program that repeats a result.

    Args:
        settings (Settings): Of the result.

    Returns:
        str: Lines of Python, to be run in the folder of the photo.
    """
    arguments = [repr(settings.config)]
    if settings.options:
        arguments.append(f'cfg_options={settings.options!r}')
    arguments.append(_listed('classes=[', map(repr, settings.classes), ']'))
    if settings.background is not None:
        arguments.append(f'background={settings.background!r}')
    if settings.max_size != AUTO:
        arguments.append(f'max_size={settings.max_size!r}')
    options = [
        f'formats={list(FORMATS)!r}',
        f'options=dict(style=Style(opacity={settings.opacity!r}), '
        'copy_photos=False)']
    if settings.colours:
        options.append(_listed('colours={', (
            f'{name!r}: {colour!r}'
            for name, colour in settings.colours.items()), '}'))
    return '\n'.join([
        'from mmseg_clipzs.apis import ZeroShotInferencer, segment_folder',
        'from mmseg_clipzs.visualization import Style', '',
        _listed('inferencer = ZeroShotInferencer(', arguments, ')', 4),
        _listed('segment_folder(', [
            'inferencer', repr(_path(settings.photo)), repr(OUT), *options],
            ')', 4)])


def _path(name):
    """str: A file here, which is no option and no list of photos."""
    return f'./{name}' if name[:1] in '-@' else name


def _listed(start, items, end, indent=8):
    """str: Items on one line, or each on its own."""
    items = list(items)
    line = f'{start}{", ".join(items)}{end}'
    if len(line) <= 72 and '\n' not in line:
        return line
    gap = '\n' + ' ' * indent
    return f'{start}{gap}{("," + gap).join(items)}{end}'

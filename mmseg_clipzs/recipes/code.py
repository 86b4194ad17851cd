"""Python code of configs: comments, bases and plain data."""
import textwrap

WIDTH = 79
MADE = '# Made by tools/make_configs.py from mmseg_clipzs/recipes.'


def header(sentences, command):
    """str: Sentences, each on a new line, and the command, as comments."""
    lines = [line for sentence in sentences
             for line in textwrap.wrap(
                 sentence, 77, break_on_hyphens=False)]
    lines += ['', *_wrap(command), '']
    return '\n'.join([*(f'# {line}'.rstrip() for line in lines), MADE])


def _wrap(command):
    """list[str]: A shell command, continued before its last word if long."""
    line = f'    {command}'
    if len(line) + 2 <= WIDTH:
        return [line]
    start, last = line.rsplit(' ', 1)
    return [f'{start} \\', f'        {last}']


def comment(text):
    """str: A comment, followed by :data:`MADE`."""
    return '\n'.join([*(f'# {line}' for line in textwrap.wrap(text, 77)),
                      MADE])


def inherit(paths):
    """str: ``_base_`` of a config."""
    return '_base_ = [\n' + textwrap.fill(
        ', '.join(repr(path) for path in paths), 79, initial_indent='    ',
        subsequent_indent='    ') + '\n]'


def assign(name, value):
    """str: ``name = value`` in lines of at most 79 columns."""
    return f'{name} = {_code(value, 0, len(name) + 3, 0)}'


def _code(value, indent, column, after):
    """Code of a value.

    Args:
        value: A dict, list, tuple or any value with a ``repr``.
        indent (int): Indentation of the line where the code starts.
        column (int): Column where it starts.
        after (int): Columns to keep free after its last line.
    """
    line = _line(value)
    if not isinstance(value, (dict, list, tuple)) or not value or (
            column + len(line) + after <= WIDTH):
        return line
    opening, closing = {
        dict: ('dict(', ')'),
        list: ('[', f'\n{" " * indent}]'),
        tuple: ('(', ')' if len(value) > 1 else ', )')}[type(value)]
    after = 0 if isinstance(value, list) else after + len(closing)
    items = [(f'{key}=', item) for key, item in value.items()] if (
        isinstance(value, dict)) else [('', item) for item in value]
    start = '\n' + ' ' * (indent + 4)
    if not any(isinstance(item, (dict, list)) or (
            len(start) + len(key + _line(item)) + after > WIDTH)
            for key, item in items):
        body = _filled(items, start, after)
    else:
        body = ','.join(
            start + key + _code(
                item, indent + 4, len(start + key) - 1,
                after if i == len(items) - 1 else 1)
            for i, (key, item) in enumerate(items))
    return opening + body + closing


def _filled(items, start, after):
    """Items, as many per line as fit."""
    lines = ['']
    for i, (key, item) in enumerate(items):
        last = i == len(items) - 1
        text = key + _line(item) + ('' if last else ',')
        width = len(start) - 1 + len(f'{lines[-1]} {text}')
        if lines[-1] and width + (after if last else 0) > WIDTH:
            lines.append('')
        lines[-1] = f'{lines[-1]} {text}'.strip()
    return ''.join(start + line for line in lines)


def _line(value):
    """Code of a value on one line."""
    if isinstance(value, dict):
        items = ', '.join(f'{k}={_line(v)}' for k, v in value.items())
        return f'dict({items})'
    if isinstance(value, list):
        return f'[{", ".join(map(_line, value))}]'
    if isinstance(value, tuple):
        comma = ', ' if len(value) == 1 else ''
        return f'({", ".join(map(_line, value))}{comma})'
    return repr(value)


class Raw(str):
    """Code that is copied verbatim, e.g. a name."""

    def __repr__(self):
        return str(self)

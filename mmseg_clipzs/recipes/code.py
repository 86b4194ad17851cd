"""Python code of configs: comments, bases and plain data."""
import textwrap

WIDTH = 79
MADE = '# Made by tools/make_configs.py from mmseg_clipzs/recipes.'


def header(sentences, command):
    """str: Sentences, each from a new line, and the command, as comments."""
    lines = [line for sentence in sentences
             for line in textwrap.wrap(sentence, 77)]
    lines += ['', f'    {command}', '']
    return '\n'.join([*(f'# {line}'.rstrip() for line in lines), MADE])


def comment(text):
    """str: A comment, and that the file is made."""
    return '\n'.join([*(f'# {line}' for line in textwrap.wrap(text, 77)),
                      MADE])


def inherit(paths):
    """str: ``_base_`` of a config."""
    return '_base_ = [\n' + textwrap.fill(
        ', '.join(repr(path) for path in paths), 79, initial_indent='    ',
        subsequent_indent='    ') + '\n]'


def assign(name, value):
    """str: ``name = value`` in lines of at most 79 columns."""
    return f'{name} = {_code(value, 0, len(name) + 3)}'


def _code(value, indent, column):
    """Code of a value that begins at a column; its lines are indented."""
    line = _line(value)
    if not isinstance(value, (dict, list, tuple)) or (
            column + len(line) <= WIDTH - (indent > 0)):
        return line
    opening, closing = {dict: ('dict(', ')'), list: ('[', ']'),
                        tuple: ('(', ')')}[type(value)]
    items = (list(value.items()) if isinstance(value, dict) else
             [('', item) for item in value])
    if not any(isinstance(item, (dict, list)) or len(key) + len(_line(
            item)) > WIDTH - indent - 6 for key, item in items):
        return _filled(opening, closing, items, indent)
    lines = []
    for key, item in items:
        start = ' ' * (indent + 4) + (f'{key}=' if key else '')
        lines.append(start + _code(item, indent + 4, len(start)))
    end = f'\n{closing}' if isinstance(value, list) else closing
    return f'{opening}\n' + ',\n'.join(lines) + end


def _filled(opening, closing, items, indent):
    """As many items on each line as there is room for."""
    inner = ' ' * (indent + 4)
    lines = [inner]
    for i, (key, item) in enumerate(items):
        text = (f'{key}=' if key else '') + _line(item) + (
            closing if i == len(items) - 1 else ',')
        if len(lines[-1]) + len(text) + 1 > WIDTH and lines[-1] != inner:
            lines.append(inner)
        lines[-1] += text if lines[-1] == inner else f' {text}'
    return '\n'.join([opening, *lines])


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
    """Code to be copied as it is, e.g. a name."""

    def __repr__(self):
        return str(self)

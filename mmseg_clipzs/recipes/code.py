"""Python code of plain data, as the configs have it."""
WIDTH = 79


def assign(name, value):
    """str: ``name = value`` in lines of at most 79 columns."""
    return f'{name} = {_code(value, 0, len(name) + 3)}'


def _code(value, indent, column):
    """Code of a value that begins at a column; its lines are indented."""
    line = _line(value)
    if column + len(line) <= WIDTH - (1 if indent else 0):
        return line
    if isinstance(value, str) or not isinstance(value, (dict, list, tuple)):
        return line
    opening, closing = {dict: ('dict(', ')'), list: ('[', ']'),
                        tuple: ('(', ')')}[type(value)]
    items = (list(value.items()) if isinstance(value, dict) else
             [('', item) for item in value])
    if not any(isinstance(item, (dict, list)) or len(key) + len(_line(
            item)) > WIDTH - indent - 6 for key, item in items):
        return _filled(opening, closing, items, indent, column)
    lines = []
    for key, item in items:
        start = ' ' * (indent + 4) + (f'{key}=' if key else '')
        lines.append(start + _code(item, indent + 4, len(start)))
    end = f'\n{closing}' if isinstance(value, list) else closing
    return f'{opening}\n' + ',\n'.join(lines) + end


def _filled(opening, closing, items, indent, column):
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
        return f'dict({", ".join(f"{k}={_line(v)}" for k, v in value.items())})'
    if isinstance(value, list):
        return f'[{", ".join(map(_line, value))}]'
    if isinstance(value, tuple):
        comma = ', ' if len(value) == 1 else ''
        return f'({", ".join(map(_line, value))}{comma})'
    return repr(Raw(value)) if isinstance(value, Raw) else repr(value)


class Raw(str):
    """Code that stands as it is, e.g. a name."""

    def __repr__(self):
        return str(self)

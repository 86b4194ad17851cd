"""Settings of a config on the command line: KEY=VALUE."""
import argparse


class ConfigOptions(argparse.Action):
    """Reads what mmengine's ``DictAction`` does, and keeps blanks.

    Mistakes are explained by argparse. Values are numbers, True, False, None,
    texts, and lists and tuples of these, also nested.
    """

    def __call__(self, parser, namespace, values, option_string=None):
        options = dict(getattr(namespace, self.dest) or {})
        for text in values:
            key, equals, value = text.partition('=')
            if not equals or not key.strip():
                parser.error(f'argument {option_string}: expected KEY=VALUE '
                             f'without blanks around "=", but got {text!r}')
            try:
                options[key] = _read(value)
            except ValueError as e:
                parser.error(f'argument {option_string}: {e}')
        setattr(namespace, self.dest, options)


def _read(text):
    """Any: '3', 'white car', '1,2', '[a, (b, c)]' or '(1, 2)' as a value."""
    text = text.strip().strip('\'"').strip()
    brackets = text[:1] + text[-1:]
    if ',' not in text and brackets not in ('()', '[]'):
        return _plain(text)
    if brackets in ('()', '[]') and len(_split(text)) == 1:
        inner = text[1:-1].strip().removesuffix(',')
        values = [_read(each) for each in _split(inner)] if inner else []
        return tuple(values) if brackets == '()' else values
    parts = _split(text.removesuffix(','))
    if parts == [text]:
        raise ValueError(f'the brackets of {text} do not match')
    return [_read(each) for each in parts]


def _plain(text):
    """int | float | bool | str | None: A single value."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    words = {'true': True, 'false': False}
    return None if text == 'None' else words.get(text.lower(), text)


def _split(text):
    """list[str]: At commas that are not in brackets."""
    parts, depth = [''], 0
    for char in text:
        depth += (char in '([') - (char in ')]')
        if depth < 0:
            break
        if char == ',' and not depth:
            parts.append('')
        else:
            parts[-1] += char
    if depth:
        raise ValueError(f'the brackets of {text} do not match')
    return parts

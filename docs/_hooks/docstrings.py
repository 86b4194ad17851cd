"""Docstrings of the package in Markdown, for the pages of the API."""
import re

import griffe

_EXAMPLE = re.compile(r'(?:^(?:>>> |\.\.\. ).*\n?)+', re.M)
_ROLE = re.compile(r':(?:class|func|meth|mod|attr|data):`[~.]?([^`]*)`')
# Arguments of one description, in two lines.
_SEVERAL = re.compile(r'^( +(?:\w+, )*\w+,)\n +(?=(?:\w+, )*\w+: )', re.M)


class Docstrings(griffe.Extension):
    """Examples become blocks of code, references the name in code."""

    def on_object(self, *, obj, **kwargs):
        if obj.docstring:
            text = _SEVERAL.sub(r'\1 ', obj.docstring.value)
            text = _EXAMPLE.sub(_fence, text)
            obj.docstring.value = _ROLE.sub(
                lambda match: f'`{match[1].rpartition(".")[2]}`', text)


def _fence(match):
    lines = [line[4:] for line in match[0].splitlines()]
    return '\n'.join(['```python', *lines, '```', ''])

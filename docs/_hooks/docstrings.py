"""Docstrings of the package in Markdown, for the pages of the API."""
import re

import griffe

_EXAMPLE = re.compile(r'(?:^(?:>>> |\.\.\. ).*\n?)+', re.M)
_ROLE = re.compile(r':(?:class|func|meth|mod|attr|data):`[~.]?([^`]*)`')


class Docstrings(griffe.Extension):
    """Examples become blocks of code, references the name in code."""

    def on_object(self, *, obj, **kwargs):
        if obj.docstring:
            text = _EXAMPLE.sub(_fence, obj.docstring.value)
            obj.docstring.value = _ROLE.sub(
                lambda match: f'`{match[1].rpartition(".")[2]}`', text)


def _fence(match):
    lines = [line[4:] for line in match[0].splitlines()]
    return '\n'.join(['```python', *lines, '```', ''])

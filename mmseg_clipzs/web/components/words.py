"""The words of a visitor as a list: colour, synonyms, on or off, order."""
from pathlib import Path

import gradio as gr
from gradio.component_meta import updateable

from mmseg_clipzs.utils import UserError

from ..limits import Limits
from ..words import RowError, first_colours, read_words
from .unstubbed import Unstubbed

_FILE = Path(__file__)


class Words(gr.HTML, metaclass=Unstubbed):
    """A list of words to edit.

    The event is ``input``: an edit is finished, a colour chosen, a word
    switched, moved, added or removed. Rows from Python are ``change`` only.
    The value that handlers get comes from a browser: :func:`.read_words` reads
    it.

    Args:
        value (list[dict], optional): Rows, see :func:`.read_words` and
            :func:`.make_rows`.
        limits (Limits, optional): What a visitor may ask for.
        kwargs: See ``gradio.HTML``.
    """

    @updateable
    def __init__(self, value=None, *, limits=None, **kwargs):
        limits = limits or Limits()

        def check(rows):
            # The handler of `input` says what is wrong.
            answer = dict(coloured=[], refused=[])
            try:
                answer['coloured'] = first_colours(rows, limits)
                read_words(rows, limits)
            except RowError as e:
                answer['refused'] = e.rows
            except UserError:
                pass
            return answer

        super().__init__(
            value or [], max_words=limits.max_words,
            server_functions=[check],
            html_template=_read('.html'), css_template=_read('.css'),
            js_on_load=_read('.js'), apply_default_css=False, **kwargs)

    def __getattr__(self, name):
        # gradio.HTML takes each quoted word of the script for an event.
        raise AttributeError(name)

    def api_info(self):
        return {'type': 'array', 'items': {}}


def _read(suffix):
    return _FILE.with_suffix(suffix).read_text(encoding='utf-8')

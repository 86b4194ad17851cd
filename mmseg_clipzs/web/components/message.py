"""A sentence for the visitor."""
from pathlib import Path

import gradio as gr
from gradio.component_meta import updateable

from .unstubbed import Unstubbed

_SCRIPT = Path(__file__).with_suffix('.js')


class Message(gr.HTML, metaclass=Unstubbed):
    """A sentence that screen readers read out when it comes.

    Args:
        value (str): The sentence; '' for none. It is not read as markup.
        refused (bool): Whether it says why the page's settings have no
            answer. The look of the page then shows that what is shown is an
            earlier one.
        max_bytes (int): Of a photo's file.
        kwargs: See ``gradio.HTML``.
    """

    @updateable
    def __init__(self, value='', *, max_bytes, refused=False, **kwargs):
        super().__init__(
            value, refused=refused, max_bytes=max_bytes, too_large=(
                'The file is too large: photos may have up to '
                f'{max_bytes / 1e6:g} MB. Save it smaller.'),
            html_template='<p role="alert"></p>',
            js_on_load=_SCRIPT.read_text(encoding='utf-8'),
            apply_default_css=False, **kwargs)

    def __getattr__(self, name):
        # gradio.HTML takes each quoted word of the script for an event.
        raise AttributeError(name)

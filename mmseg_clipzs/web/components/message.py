"""A sentence for the visitor."""
import gradio as gr

from .unstubbed import Unstubbed


class Message(gr.HTML, metaclass=Unstubbed):
    """A sentence that screen readers read out when it comes.

    Args:
        value (str): The sentence; '' for none. It is not read as markup.
        kwargs: See ``gradio.HTML``.
    """

    def __init__(self, value='', **kwargs):
        super().__init__(
            value, html_template='<p role="alert"></p>', js_on_load='''
const show = () => {
  element.querySelector('p').textContent = props.value || '';
};
watch('value', show);
show();
''', apply_default_css=False, **kwargs)

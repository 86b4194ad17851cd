"""A sentence for the visitor."""
import gradio as gr

from .unstubbed import Unstubbed

_SCRIPT = '''
const show = text => {
  element.querySelector('p').textContent = text || '';
};
watch('value', () => show(props.value));
show(props.value);
// A file that is too large is not even sent.
const refuse = (event, files) => {
  const isPhoto = event.target.closest && event.target.closest('#photo');
  if (!isPhoto || [...files].every(file => file.size <= props.max_bytes)) {
    return;
  }
  event.preventDefault();
  event.stopImmediatePropagation();
  show(props.too_large);
};
document.addEventListener('change', event => {
  if (event.target.type !== 'file') return;
  refuse(event, event.target.files);
}, true);
document.addEventListener('drop', event => {
  refuse(event, event.dataTransfer.files);
}, true);
'''


class Message(gr.HTML, metaclass=Unstubbed):
    """A sentence that screen readers read out when it comes.

    Args:
        value (str): The sentence; '' for none. It is not read as markup.
        max_bytes (int): Of a photo's file.
        kwargs: See ``gradio.HTML``.
    """

    def __init__(self, value='', *, max_bytes, **kwargs):
        super().__init__(
            value, max_bytes=max_bytes, too_large=(
                'The file is too large: photos here have up to '
                f'{max_bytes / 1e6:g} MB. Save it smaller.'),
            html_template='<p role="alert"></p>', js_on_load=_SCRIPT,
            apply_default_css=False, **kwargs)

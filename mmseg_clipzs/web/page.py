"""The page: its parts, and what happens when they are used."""
from types import SimpleNamespace

import gradio as gr

from .components import Unstubbed
from .events import Events

TITLE = 'Words on a photo'


class Photo(gr.Image, metaclass=Unstubbed):
    """A photo's file as it was sent; the inferencer reads it.

    Gradio's own reading would drop the orientation, turn 16 bits into 8, and
    end with a traceback for what is no image.
    """

    is_template = True  # is Gradio's Image in the browser

    def preprocess(self, payload):
        """str | None: The file."""
        return None if payload is None else payload.path


def make_page(models, catalogue, sessions, limits, examples):
    """Lay out the page.

    Args:
        models (Models): What segments.
        catalogue (Catalogue): What the menus show.
        sessions (Sessions): What belongs to the visitors.
        limits (Limits): What a visitor may ask for.
        examples (Sequence): Photos with words.

    Returns:
        gr.Blocks: The page, not yet served.
    """
    parts = SimpleNamespace()
    with gr.Blocks(title=TITLE, analytics_enabled=False) as page:
        gr.Markdown(f'# {TITLE}')
        with gr.Row():
            with gr.Column():
                parts.photo = Photo(
                    type='filepath', label='Photo', elem_id='photo',
                    sources=['upload', 'clipboard', 'webcam'], buttons=[])
                parts.words = gr.Textbox(
                    label='Words', lines=4, elem_id='words',
                    info='A line for each class; "," between its words')
                parts.method = gr.Dropdown(
                    catalogue.methods, value=catalogue.default.method,
                    label='Method', elem_id='method')
                parts.clip = gr.Dropdown(
                    catalogue.clips, value=catalogue.default.clip,
                    label='CLIP', elem_id='clip')
                parts.background = gr.Slider(
                    0, .95, 0, step=.05, label='Background below',
                    elem_id='background')
                parts.contrast = gr.Checkbox(
                    label='Contrast words', elem_id='contrast')
            with gr.Column(scale=2):
                parts.message = gr.Markdown(elem_id='message')
                parts.viewer = gr.Image(label='Result', elem_id='viewer',
                                        interactive=False)
                parts.forget = gr.Button('Forget my photo', elem_id='forget')
        Events(parts, models, sessions, limits, examples).connect(page)
    page.queue(api_open=False)
    return page

"""The page: its parts, and where they are."""
from types import SimpleNamespace

import gradio as gr

from .components import Message, Unstubbed, Viewer, Words, script
from .events import Events

TITLE = 'Words on a photo'
# Files to take away, by their kind.
_FILES = {
    'index': 'Label map', 'overlay': 'Overlay', 'cutout': 'Cut-outs',
    'coco': 'COCO JSON', 'masks': 'Masks', 'photo': 'Original photo'}


def _as_sent(self, payload):
    """What the browser has sent."""
    return payload


class Photo(gr.Image, metaclass=Unstubbed):
    """A photo's file as it was sent; the inferencer reads it.

    Gradio's own reading would drop the orientation, turn 16 bits into 8, and
    end with a traceback for what is no image.
    """

    is_template = True  # is Gradio's Image in the browser

    preprocess = _as_sent  # ImageData | None: path, visitor's orig_name


class Menu(gr.Dropdown, metaclass=Unstubbed):
    """A menu whose entries the catalogue checks.

    Gradio would call the choice of a menu that has just been replaced, which
    the browser could not know of, a mistake.
    """

    is_template = True

    preprocess = _as_sent


class Slider(gr.Slider, metaclass=Unstubbed):
    """A slider whose value the handlers check; so for :class:`Radio`.

    Gradio would end with a traceback.
    """

    is_template = True
    preprocess = _as_sent


class Radio(gr.Radio, metaclass=Unstubbed):
    """One of several answers."""

    is_template = True
    preprocess = _as_sent


class Number(gr.Number, metaclass=Unstubbed):
    """A number that no visitor sees; the handlers check it."""

    is_template = True

    def preprocess(self, payload):
        """Any: As the browser has sent it."""
        return payload


def make_page(answering, sessions, uploads, examples, limits):
    """Lay out the page.

    Args:
        answering (Answering): Answers questions.
        sessions (Sessions): What belongs to the visitors.
        uploads (Uploads): What browsers have sent.
        examples (Sequence[Example]): Photos to begin with.
        limits (Limits): What a visitor may ask for.

    Returns:
        gr.Blocks: The page, not yet served.
    """
    parts = SimpleNamespace()
    with gr.Blocks(title=TITLE, analytics_enabled=False,
                   fill_width=True) as page:
        gr.Markdown(f'# {TITLE}')
        with gr.Row():
            with gr.Column(elem_id='input'):
                _add_photo(parts, examples)
                parts.words = Words(
                    elem_id='words', label='Words', limits=limits)
                _add_settings(parts, answering.catalogue)
            with gr.Column(elem_id='result', scale=2):
                parts.viewer = Viewer(elem_id='viewer')
                _add_files(parts)
                # Beside the buttons; elsewhere it sticks to the window.
                parts.message = Message(
                    elem_id='message', max_bytes=limits.max_bytes)
                _add_lines(parts)
        Events(parts, answering, sessions, uploads, examples).connect(page)
        page.load(js=script('photo.js'))
    # Nobody but this page's script calls its handlers.
    page.queue(api_open=False, max_size=limits.visitors)
    return page


def _add_photo(parts, examples):
    parts.photo = Photo(
        type='filepath', label='Photo', elem_id='photo', height=220,
        sources=['upload', 'clipboard', 'webcam'], buttons=[])
    with gr.Row(elem_id='examples'):
        parts.examples = [gr.Button(
            each.title, icon=str(each.path), size='sm', min_width=80)
            for each in examples]
    parts.forget = gr.Button('Forget my photo', elem_id='forget', size='sm')
    # How often it has been pressed; sent along with every question.
    parts.forgotten = Number(0, visible=False, elem_id='forgotten')


def _add_settings(parts, catalogue):
    default = catalogue.default
    parts.method = Menu(catalogue.methods, value=default.method,
                        label='Method', elem_id='method',
                        info='What they are: docs/methods')
    parts.clip = Menu(**catalogue.clip_menu(default), label='CLIP',
                      elem_id='clip')
    parts.second = Menu([('none', ''), *catalogue.methods], value='',
                        label='Compare with', elem_id='method-b')
    parts.background = Slider(
        0, .95, 0, step=.05, label='Background below', elem_id='background',
        info='Pixels whose best word is less probable than this become '
        'background. 0 turns it off.')
    parts.contrast = gr.Checkbox(
        label='Contrast words', elem_id='contrast', info='Adds words such '
        'as sky or wall to tell things from. Helps with one or two words.')


def _add_files(parts):
    with gr.Column(elem_id='take-away'):
        gr.Markdown('## Take away')
        parts.which = Radio(
            [], label='Files of', visible=False, elem_id='which')
        with gr.Row(elem_id='files'):
            parts.files = {kind: gr.Button(
                label, elem_id=f'file-{kind}', size='sm', min_width=100)
                for kind, label in _FILES.items()}
        parts.file = gr.DownloadButton(visible=False, elem_id='file')


def _add_lines(parts):
    with gr.Column(elem_id='lines'):
        gr.Markdown('Run these lines in the folder with the photo to get the '
                    'same files:')
        parts.command, parts.python = (gr.Code(
            label=label, language=language, interactive=False,
            elem_id=name, wrap_lines=True, lines=1, buttons=['copy'])
            for label, language, name in (
                ('Command line', 'shell', 'command'),
                ('Python', 'python', 'python')))

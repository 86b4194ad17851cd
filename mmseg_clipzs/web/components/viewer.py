"""What a result looks like: pictures to point at, and a table of shares."""
from pathlib import Path

import gradio as gr
from gradio.component_meta import updateable

from mmseg_clipzs.labels import BACKGROUND
from mmseg_clipzs.visualization import heat_colours

from .unstubbed import Unstubbed

_HERE = Path(__file__).parent
_SCRIPTS = ('viewer_maps.js', 'viewer_regions.js', 'viewer_drawing.js',
            'viewer_table.js', 'viewer_texts.js', 'viewer.js',
            'viewer_events.js')


def _read(*names):
    return '\n'.join(
        (_HERE / name).read_text(encoding='utf-8') for name in names)


class Viewer(gr.HTML, metaclass=Unstubbed):
    """A photo with the classes of one or two answers over it.

    What a visitor chooses in it (view, opacity, outlines, hidden classes, the
    selected region) stays when answers come, and needs no server; the
    exception is the heat map of a class, for which it sends ``heat`` with
    ``name``, that of the class or None if none is shown any more; a changed
    ``opacity`` is sent once it is chosen. Text from outside is never read as
    markup.

    Args:
        value (dict, optional): ``answers``, a list of one or two (see
            ``web/answers.py``), ``rows``, texts of the rows of words that
            they answer, and ``opacity_default`` in [0, 1]. Answers of
            another size than the photo are not shown.
        photo (dict, optional): What is segmented: ``key`` (another one for
            each photo), ``width``, ``height`` in pixels, ``url``.
        kwargs: See ``gradio.HTML``.
    """

    @updateable
    def __init__(self, value=None, *, photo=None, **kwargs):
        super().__init__(
            value, photo=photo, background=BACKGROUND,
            ramp=[f'#{red:02x}{green:02x}{blue:02x}'
                  for red, green, blue in heat_colours()],
            html_template=_read('viewer.html'),
            css_template=_read('viewer.css'),
            js_on_load=_read(*_SCRIPTS), apply_default_css=False, **kwargs)

    def __getattr__(self, name):
        # gradio.HTML takes each quoted word of the script for an event, and
        # would then send the prop `photo` as one.
        if name not in ('heat', 'opacity'):
            raise AttributeError(name)
        return super().__getattr__(name)

    def api_info(self):
        return {'type': 'object'}

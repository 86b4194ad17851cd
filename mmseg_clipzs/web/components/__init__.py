"""Parts of the page that Gradio does not have."""
from pathlib import Path

from .message import Message
from .unstubbed import Unstubbed
from .viewer import Viewer
from .words import Words

__all__ = ['Message', 'Unstubbed', 'Viewer', 'Words', 'script']


def script(name):
    """str: A function of this folder, which the page runs."""
    return Path(__file__).with_name(name).read_text(encoding='utf-8')

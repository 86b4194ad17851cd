"""Parts of the page that Gradio does not have."""
from .message import Message
from .unstubbed import Unstubbed
from .viewer import Viewer
from .words import Words

__all__ = ['Message', 'Unstubbed', 'Viewer', 'Words']

"""Parts of the page that Gradio does not have."""
from .message import Message
from .unstubbed import Unstubbed
from .viewer import Viewer

__all__ = ['Message', 'Unstubbed', 'Viewer']

"""Parts of the page that Gradio does not have."""
from .unstubbed import Unstubbed
from .viewer import Viewer

__all__ = ['Unstubbed', 'Viewer']

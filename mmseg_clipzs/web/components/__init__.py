"""Parts of the page that Gradio does not have."""
from .unstubbed import Unstubbed
from .words import Words

__all__ = ['Unstubbed', 'Words']

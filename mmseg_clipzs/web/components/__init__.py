"""Parts of the page that Gradio does not have."""
from .unstubbed import Unstubbed

__all__ = ['Unstubbed']

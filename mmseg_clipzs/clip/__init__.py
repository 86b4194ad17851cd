"""The one door to open_clip: weights, towers, text embeddings."""
from .loading import LoadedClip, get_tokenizer, load_clip
from .text import TEMPLATE_SETS, TextEncoder, load_text_embeddings

__all__ = [
    'LoadedClip', 'get_tokenizer', 'load_clip', 'TEMPLATE_SETS',
    'TextEncoder', 'load_text_embeddings'
]

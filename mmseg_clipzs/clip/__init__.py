"""The package's only interface to open_clip: weights, towers, embeddings."""
from .class_templates import get_class_templates
from .loading import LoadedClip, get_tokenizer, load_clip
from .precomputed import load_text_embeddings
from .templates import TEMPLATE_SETS, get_templates
from .text import TextEncoder

__all__ = [
    'LoadedClip', 'get_tokenizer', 'load_clip', 'load_text_embeddings',
    'TEMPLATE_SETS', 'get_class_templates', 'get_templates', 'TextEncoder'
]

"""Checkpoints as data: read without running code from them, or downloaded."""
from .downloads import (
    DownloadError,
    answer,
    cached_file,
    cached_hub_file,
    hub_file,
    read_download,
    reason,
)
from .loaders import load_from_http, register_safe_checkpoint_loaders
from .reading import format_of, load_checkpoint_file, read_torchscript
from .state_dicts import (
    load_exactly,
    read_hub,
    read_state_dict,
    reduce_precision,
)
from .weights import (
    check_finite,
    check_kinds,
    dataset_meta_of,
    meta_of,
    trained_words,
    weights_of,
)

__all__ = [
    'DownloadError', 'answer', 'cached_file', 'cached_hub_file',
    'check_finite', 'check_kinds', 'dataset_meta_of', 'format_of', 'hub_file',
    'load_checkpoint_file', 'load_exactly', 'load_from_http', 'meta_of',
    'read_download', 'read_hub', 'read_state_dict', 'read_torchscript',
    'reason', 'reduce_precision', 'register_safe_checkpoint_loaders',
    'trained_words', 'weights_of']

"""mmengine's loading of checkpoints, made safe."""
from functools import partial, wraps

import torch

from .downloads import read_download
from .reading import drop_sources, load_checkpoint_file
from .weights import meta_of, weights_of

_REMEDY = ('Or pass the path of a copy in place of the address: --checkpoint '
           'FILE or --student-weights FILE of the tools, load_from= or '
           'checkpoint= in configs.')


def load_from_local(filename, map_location):
    """Replace mmengine's loader of local files."""
    return _completed(load_checkpoint_file(filename, map_location))


def load_from_http(filename, map_location=None, model_dir=None, **kwargs):
    """Replace mmengine's loader of URLs; downloads a file only once."""
    from mmengine.dist import is_main_process
    from mmengine.dist.utils import barrier
    load = partial(read_download, filename, lambda path: load_checkpoint_file(
        path, map_location), model_dir, _REMEDY)
    try:
        if is_main_process():
            return _completed(load())
    finally:
        barrier()  # also when it fails, or the others would wait
    return _completed(load())


def _completed(checkpoint):
    """Give a plain state dict the form that mmseg's ``init_model`` expects.

    Raises:
        UserError: There are no names and weights.
    """
    weights_of(checkpoint)  # raises before mmengine takes them apart
    if checkpoint and all(isinstance(value, torch.Tensor)
                          for value in checkpoint.values()):
        return dict(state_dict=checkpoint, meta={})
    if 'state_dict' in checkpoint:
        checkpoint['meta'] = meta_of(checkpoint)
    return checkpoint


def register_safe_checkpoint_loaders():
    """Make mmengine load checkpoints with :func:`load_checkpoint_file`.

    Loaders of model zoos and storage services keep their own ways of finding
    a file; what they return is rid of code as well.
    """
    from mmengine.runner import checkpoint
    loader = checkpoint.CheckpointLoader
    own = {'': load_from_local, 'http://': load_from_http,
           'https://': load_from_http}
    for prefix, function in list(loader._schemes.items()):
        loader.register_scheme(
            prefix, own.get(prefix) or _without_sources(function), force=True)
    # Loaders of model-zoo prefixes look this function up in the module.
    checkpoint.load_from_http = load_from_http


def _without_sources(load):
    @wraps(load)
    def load_data(*args, **kwargs):
        checkpoint = load(*args, **kwargs)
        if isinstance(checkpoint, dict):
            drop_sources(checkpoint)
        return checkpoint

    return load_data

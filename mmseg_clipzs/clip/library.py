"""open_clip, as much of it as is needed.

``import open_clip`` takes as long as all else up to the first result: it
imports torchvision, timm, transformers and PyTorch's compiler. Its
architectures, its table of weights and its tokenizer need none of them.
"""
import json
import sys
from functools import cache, partial
from pathlib import Path

from mmseg_clipzs.utils import UserError, import_part

_CONFIGS = 'model_configs'
part = partial(import_part, 'open_clip')


@cache
def open_clip():
    """module: All of open_clip, which then knows this package's models too.

    Raises:
        UserError: It cannot be imported.
    """
    try:
        import open_clip
    except ImportError as e:
        raise UserError(f'open_clip cannot be imported ({e}). Install '
                        '"open_clip_torch>=2.24".') from e
    open_clip.add_model_config(Path(__file__).parent / _CONFIGS)
    return open_clip


def get_config(name):
    """Look up an architecture.

    Args:
        name (str): In open_clip's spelling.

    Returns:
        dict | None: Its settings, a new one each time; None if it is unknown.
    """
    if 'open_clip' not in sys.modules:
        for file in (__file__, part('version').__file__):
            paths = (Path(file).parent / _CONFIGS).glob('*.json')
            path = {path.stem: path for path in paths}.get(name)
            if path:
                return json.loads(path.read_text(encoding='utf-8'))
    # It may know more by now. Of other names it asks the network.
    if name in open_clip().list_models():
        return open_clip().get_model_config(name)
    return None

"""Networks of transformers that find masks: loading, and what they get."""
import copy
import logging
import os
import re
from pathlib import Path

import torch
import torch.nn.functional as F
from mmengine.logging import print_log

from mmseg_clipzs.checkpoints import hub_file, reason
from mmseg_clipzs.proxy.loading import MEAN, STD
from mmseg_clipzs.utils import UserError, did_you_mean, import_optional

_FILES = ('config.json', 'model.safetensors')


def load_network(kind, config_kind, weights, config=None):
    """Build a network of transformers, frozen.

    Args:
        kind, config_kind (str): Its class and that of its config, in
            transformers.
        weights (str | Path | None): A folder with ``config.json`` and
            ``model.safetensors``, or a name of Hugging Face's hub. None for
            random ones.
        config (dict, optional): Arguments of the config, without weights.

    Returns:
        nn.Module: In float32, in evaluation mode.

    Raises:
        UserError: No or an old transformers, weights that cannot be had, that
            are damaged or of another network.
    """
    transformers = import_optional('transformers', 'masks', kind)
    if not hasattr(transformers, kind):
        raise UserError(
            f'transformers {transformers.__version__} has no {kind}: pip '
            'install --upgrade "mmseg_clipzs[masks]".')
    kind = getattr(transformers, kind)
    if weights is None:
        print_log(
            f'{kind.__name__} has RANDOM weights (weights=None): its regions '
            'are meaningless.', 'current', logging.WARNING)
        config_kind = getattr(transformers, config_kind)
        with _sentence('config= is unusable'):
            known = config_kind().to_dict()
            unknown = [str(key) for key in config or {} if key not in known]
            if unknown:  # which transformers would keep, unread
                raise TypeError(
                    f'{config_kind.__name__} has no {", ".join(unknown)}.'
                    f'{did_you_mean(unknown[0], known)}')
            return kind(config_kind(
                # Version 4 takes entries out.
                **copy.deepcopy(config or {}))).requires_grad_(False).eval()
    if config is not None:
        raise UserError('The weights have a config of their own: leave out '
                        'config=, or set weights=None for random ones.')
    folder = _folder(weights)
    with _sentence(f'{folder} holds no {kind.__name__} that can be read'):
        network, found = kind.from_pretrained(
            folder, local_files_only=True, use_safetensors=True,
            dtype=torch.float32, output_loading_info=True)
    missing = sorted(found['missing_keys'])
    if missing:
        raise UserError(
            f'{folder} holds weights of another network than {kind.__name__}: '
            f'{len(missing)} are missing, e.g. {missing[0]}.')
    print_log(f'Loaded {kind.__name__} from {str(weights)!r}.', 'current')
    return network.requires_grad_(False).eval()


class _sentence:
    """Turn what transformers raises into a ``UserError``."""

    def __init__(self, beginning):
        self._beginning = beginning

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        if isinstance(error, Exception):
            raise UserError(
                f'{self._beginning}: {reason(error)}') from error


def _folder(weights):
    """Path: Folder with the files of a network."""
    if not isinstance(weights, (str, os.PathLike)):
        raise UserError('regions.weights must be a folder, a name of Hugging '
                        f"Face's hub or None, but got {weights!r}.")
    folder = Path(weights).expanduser()
    if folder.is_dir():
        missing = [name for name in _FILES if not (folder / name).is_file()]
        if missing:
            raise UserError(f'{folder} lacks {" and ".join(missing)}.')
        return folder
    if not re.fullmatch(r'[\w-]+/[\w.-]+', str(weights)):
        raise UserError(
            f'No folder at {str(weights)!r}: weights= is a folder with '
            f'{" and ".join(_FILES)}, or a name of Hugging Face\'s hub.')
    try:
        return [hub_file(weights, [name]) for name in _FILES][-1].parent
    except OSError as e:
        raise UserError(
            f'The weights {weights!r} could not be downloaded ({reason(e)}). '
            f'Without a network, fetch {" and ".join(_FILES)} elsewhere, copy '
            'them into a folder and pass it: --cfg-options '
            'model.regions.weights=FOLDER, or --options weights=FOLDER of '
            'make-regions.') from e


def to_network(photo, size, network, pad=(0, 0)):
    """A photo as a network gets it.

    Args:
        photo (ndarray): (H, W, 3) uint8 RGB.
        size (tuple[int]): (h, w) to resize it to, bilinear.
        network (nn.Module): Gives device and dtype.
        pad (tuple[int]): Black pixels below and to the right.

    Returns:
        Tensor: (1, 3, h + pad, w + pad), normalised by ImageNet's statistics.
    """
    like = next(network.parameters())
    image = torch.from_numpy(photo).to(like.device).permute(2, 0, 1)[None]
    image = F.interpolate(image.float() / 255, size=size, mode='bilinear',
                          antialias=True)
    image = F.pad(image, (0, pad[1], 0, pad[0]))
    mean, std = (image.new_tensor(values)[:, None, None]
                 for values in (MEAN, STD))
    return ((image - mean) / std).to(like.dtype)

"""What the devices compute."""
import platform

import numpy as np
import torch

from mmseg_clipzs.clip import load_clip
from mmseg_clipzs.models.backbones import ClipViT
from mmseg_clipzs.run.device import gpu_name

from .finding import Finding
from .plain_vit import dense_features

# Of the image tower: GPUs may round products of convolutions to 10 bits.
_ERROR = 1e-2
# Dtype -> largest relative error of a product of 256 terms.
_DTYPES = {torch.float32: 1e-3, torch.bfloat16: 5e-2, torch.float16: 1e-2}


def list_devices():
    """list[str]: 'cpu' and the GPU, if there is one."""
    if not torch.accelerator.is_available():
        return ['cpu']
    return ['cpu', torch.accelerator.current_accelerator().type]


def check_devices():
    """Yields: The dtypes in which each device computes rightly."""
    for device in list_devices():
        name = gpu_name() if device != 'cpu' else (
            f'{platform.machine()}, {torch.get_num_threads()} threads')
        right, wrong = [], []
        for dtype, tolerance in _DTYPES.items():
            error = product_error(device, dtype)
            (right if error <= tolerance else wrong).append(
                str(dtype).removeprefix('torch.'))
        found = f'{name}: {", ".join(right) or "nothing"} right'
        if wrong:
            found += f'; {", ".join(wrong)} not'
        yield Finding(device, 'WRONG' if 'float32' in wrong else 'note'
                      if wrong else 'ok', found)


def product_error(device, dtype):
    """Relative error of a matrix product.

    Args:
        device (str): Where to compute it.
        dtype (torch.dtype): In what.

    Returns:
        float: Largest error, relative to the largest value; infinite if the
        device cannot.
    """
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 256, 256)).astype(np.float32)
    a, b = (torch.from_numpy(x).to(dtype).to(device) for x in (a, b))
    want = a.cpu().double().numpy() @ b.cpu().double().numpy()
    try:
        got = (a @ b).float().cpu().double().numpy()
    except (RuntimeError, TypeError, NotImplementedError):
        return float('inf')
    error = np.abs(got - want).max() / np.abs(want).max()
    return float(error) if np.isfinite(error) else float('inf')


def check_image_tower(device):
    """Compare MaskCLIP's features with the equations in NumPy.

    Args:
        device (str): Where to compute them.

    Returns:
        Finding: Whether they are equal, for the shipped toy CLIP.
    """
    clip = load_clip('toy-vit-p8', pretrained='toy')
    state = {name: value.numpy()
             for name, value in clip.model.state_dict().items()}
    backbone = ClipViT(clip).eval()
    heads = clip.model.visual.transformer.resblocks[0].attn.num_heads
    side = clip.model.visual.image_size[0]
    image = np.random.default_rng(0).standard_normal((3, side, side))
    want = dense_features(state, image, heads)
    with torch.no_grad():
        got = backbone.to(device)(torch.from_numpy(
            image).float()[None].to(device))[0]
    got = got[0].flatten(1).T.cpu().double().numpy()  # (D, h, w) -> (h w, D)
    error = np.abs(got - want).max() / np.abs(want).max()
    if not error < _ERROR:
        return Finding(f'image tower, {device}', 'WRONG', (
            f'differs from the equations of MaskCLIP by {error:.1%}: this '
            'device or its PyTorch computes wrong results'))
    return Finding(f'image tower, {device}', 'ok', (
        f'equals the equations of MaskCLIP in NumPy to {error:.0e}'))

import math
from dataclasses import fields, replace
from functools import partial

import torch
from mmengine.model import BaseModule
from mmseg.registry import MODELS

from mmseg_clipzs.clip import LoadedClip, load_clip
from mmseg_clipzs.clip.image_tower import override_tower
from mmseg_clipzs.patch_grid import fit_to_grid, resize_positions, to_map
from mmseg_clipzs.products import linear
from mmseg_clipzs.proxy import load_proxy
from mmseg_clipzs.utils import (
    UserError,
    check_flag,
    check_number,
    did_you_mean,
)

from .corr_clip import CorrClip
from .feature_purifier import FeaturePurifier
from .gem import Gem
from .last_block import LAST_BLOCKS, LastBlock
from .method import PADDING, SecondPass, View
from .proxy_attention import ProxyAttention
from .residual_attention import ResidualAttention
from .self_calibration import SelfCalibration

_KEYS = (None, 'raw', 'projected')
METHODS = {**LAST_BLOCKS, 'gem': Gem(), 'scclip': SelfCalibration(),
           'resclip': ResidualAttention(), 'sfp': FeaturePurifier(),
           'proxyclip': ProxyAttention(), 'corrclip': CorrClip()}


@MODELS.register_module()
class ClipViT(BaseModule):
    """CLIP's Vision Transformer with dense output.

    ``METHODS`` selects what the blocks compute; in most methods only the last
    block differs from CLIP's. Only the parameters of open_clip's model are
    used, not its ``forward``. A :class:`LoadedClip` is not modified: its
    weights are shared. Methods with a ``proxy``, arguments of
    :func:`~mmseg_clipzs.proxy.load_proxy`, also look at the features of a
    second frozen network, in the precision of CLIP's tower.

    Args:
        clip (dict | LoadedClip): Arguments of
            :func:`mmseg_clipzs.clip.load_clip`, or its result.
        last_block (str | dict): A key of ``METHODS`` ('clip', 'maskclip',
            'sclip', 'gem', ...), arguments of :class:`LastBlock`, or a key as
            ``type`` with overrides: ``dict(type='gem', depth=4)``.
        out_keys (str, optional): Also return the last block's keys, for key
            smoothing: 'raw' (MaskCLIP, section 3.4) or 'projected' (its code
            passes them through the output projection).
        off_grid (str): For images that are not a multiple of the patch size:
            'pad' with zeros below and right (MaskCLIP), 'pad_even' on both
            sides (ClearCLIP) or 'drop' the last rows and columns (SCLIP).
            With a second network the first two pad to a multiple of both
            patch sizes, and 'drop' leaves each network its own rest.
        pos_embed (str): Bicubic resizing of the positional embedding to the
            grid: 'exact', 'antialias' (GEM), or 'sclip', which scales by
            (grid + 0.1) / native grid.
        quick_gelu (bool, optional): Override the activation; MaskCLIP's code
            runs OpenAI's weights with GELU.
        norm_eps (float, optional): Override LayerNorm's epsilon; MaskCLIP's
            code uses 1e-6, CLIP 1e-5.
        pad_to (int, optional): For 'pad' and 'pad_even', the multiple to pad
            to in place of the patch size; ProxyCLIP's code pads to 56.

    Attributes:
        needs_regions (bool): Whether the method looks at regions of the image.
        proxy (Proxy | None): The second network.
        input_stats (tuple): Mean and std of the inputs, RGB for images in
            [0, 1]: CLIP's, unless a segmentor sets those of its preprocessor.

    Raises:
        UserError: A ResNet, or invalid options.
    """

    def __init__(self,
                 clip,
                 last_block='maskclip',
                 out_keys=None,
                 off_grid='pad',
                 pos_embed='exact',
                 quick_gelu=None,
                 norm_eps=None,
                 pad_to=None,
                 init_cfg=None):
        super().__init__(init_cfg)
        if not isinstance(clip, LoadedClip):
            clip = load_clip(**clip)
        visual = clip.model.visual
        if not hasattr(visual, 'class_embedding') or getattr(
                visual, 'attn_pool', None) is not None:
            raise UserError(
                f'ClipViT needs a Vision Transformer with a class token, but '
                f'CLIP {clip.name} has a {type(visual).__name__}; for ResNets '
                'set backbone=dict(type="ClipResNet").')
        for option, value, choices in (
            ('out_keys', out_keys, _KEYS),
            ('off_grid', off_grid, ('pad', 'pad_even', 'drop')),
            ('pos_embed', pos_embed, ('exact', 'antialias', 'sclip'))):
            if value not in choices:
                raise UserError(f'{option}={value!r} is unknown; choose one '
                                f'of {choices}.')
        check_flag('quick_gelu', quick_gelu, optional=True)
        check_number('norm_eps', norm_eps, '(0, 1)', optional=True)
        check_number('pad_to', pad_to, '[1, inf)', int, optional=True)
        self.last_block = get_last_block(last_block)
        self.needs_regions = getattr(self.last_block, 'needs_regions', False)
        self.out_keys = out_keys
        self.off_grid = off_grid
        self.pos_embed = pos_embed
        self.visual = override_tower(visual, quick_gelu, norm_eps)
        self.embed_dims = visual.output_dim
        self.patch_size = visual.conv1.kernel_size
        self.grid_size = tuple(visual.grid_size)
        self.input_stats = clip.mean, clip.std
        proxy = getattr(self.last_block, 'proxy', None)
        self.proxy = None if proxy is None else load_proxy(
            **proxy, dtype=visual.conv1.weight.dtype)
        self._multiple = self._padding_multiple(pad_to)
        self._positions = {}

    def _padding_multiple(self, pad_to):
        """(h, w) that images are padded to a multiple of."""
        sizes = [network.patch_size for network in (self, self.proxy)
                 if network is not None]
        if self.off_grid == 'drop':  # pads images smaller than a patch
            return tuple(map(max, zip(*sizes)))
        if pad_to is not None:
            return pad_to, pad_to
        return tuple(math.lcm(*side) for side in zip(*sizes))

    def init_weights(self):
        """Does nothing: the constructor has loaded CLIP's weights."""

    def forward(self, inputs, regions=None):
        """Dense features in CLIP's joint space.

        Args:
            inputs (Tensor): (N, 3, H, W) float RGB, normalised by
                ``input_stats``, any size.
            regions (Tensor, optional): (N, H, W) int64 for a method that
                needs them, 0 = no region.

        Returns:
            tuple: Features (N, D, h, w), not normalised, and with
            ``out_keys`` the keys (N, C, h, w); in the dtype of the inputs,
            whatever the tower's precision. h = H / patch, rounded according
            to ``off_grid``. Last a :class:`SecondPass`, if the method has
            one.
        """
        images = fit_to_grid(inputs, self._multiple, self.off_grid)
        out = self._run_blocks(images, regions)

        outputs = [self._features(out, inputs.dtype)]
        if out.keys is not None:
            outputs.append(to_map(
                out.keys, self._grid_of(images), inputs.dtype))
        if out.refine is not None:
            outputs.append(SecondPass(
                partial(self._second_features, out, inputs.dtype),
                images, self.patch_size, self.last_block.label_threshold,
                self.last_block.pamr))
        return tuple(outputs)

    def _features(self, out, dtype):
        """(N, D, h, w) of a Dense."""
        return to_map(self._to_joint_space(out.patches, out.is_normed),
                      out.grid, dtype)

    def _second_features(self, out, dtype, labels):
        """(N, D, h, w) of a Dense's second pass."""
        return self._features(
            out._replace(patches=out.refine(labels)), dtype)

    def _grid_of(self, images):
        """(h, w) of CLIP's patches."""
        return tuple(size // patch for size, patch in zip(
            images.shape[2:], self.patch_size))

    def _run_blocks(self, images, regions=None):
        """Dense: What the method makes of images on the patch grid."""
        visual = self.visual
        x = visual.conv1(images.to(visual.conv1.weight.dtype))  # (N, C, h, w)
        grid = tuple(x.shape[2:])
        x = x.flatten(2).transpose(1, 2)  # (N, C, h, w) -> (N, h * w, C)
        cls = visual.class_embedding.to(x.dtype).expand(x.size(0), 1, -1)
        x = torch.cat([cls, x], dim=1) + self._position_embedding(grid)
        x = visual.ln_pre(x)
        return self.last_block(visual, x, grid, self.out_keys,
                               self._view(images, regions))

    def _view(self, images, regions):
        """View: What the method may look at."""
        features = self._proxy_features(images)
        if regions is None:
            if self.needs_regions:
                raise UserError(
                    'This last_block needs regions of the images: set '
                    'regions= of the segmentor, e.g. regions=dict('
                    'type="Felzenszwalb"), or pass them to the backbone.')
            return View(images, features)
        return View(images, features, fit_to_grid(
            regions[:, None], self._multiple, self.off_grid, PADDING)[:, 0])

    def _proxy_features(self, images):
        """(N, C, I, J) of the second network, or None without one."""
        return None if self.proxy is None else self.proxy.look(
            images, self.input_stats, self.last_block.proxy_part,
            self.pos_embed)

    def _to_joint_space(self, patches, is_normed=False):
        """(N, L, C) -> (N, L, D)."""
        visual = self.visual
        return linear(patches if is_normed else visual.ln_post(patches),
                      visual.proj.T)

    def _position_embedding(self, grid):
        """(1 + h * w, C), interpolated once per grid."""
        weight = self.visual.positional_embedding
        if (weight.requires_grad or torch.jit.is_tracing()
                or torch.compiler.is_compiling()):
            return self._interpolate(weight, grid)
        if grid == self.grid_size:
            return weight
        # Loading a checkpoint or moving the model invalidates the cache.
        state = (weight._version, weight.data_ptr(), weight.dtype)
        positions = self._positions  # another thread may replace it
        if positions.get('state') != state:
            # 'weight' keeps the memory alive, so no other tensor can get the
            # same address.
            positions = {'state': state, 'weight': weight.detach()}
            self._positions = positions
        if grid not in positions:
            positions[grid] = self._interpolate(weight, grid)
        return positions[grid]

    def _interpolate(self, weight, grid):
        patches = resize_positions(
            weight[1:], self.grid_size, grid, self.pos_embed)
        return torch.cat([weight[:1], patches])  # (1 + h * w, C)


def get_last_block(value):
    """Resolve ``last_block`` of :class:`ClipViT`.

    Args:
        value (str | dict): A key of ``METHODS``, or its arguments.

    Returns:
        LastBlock | Gem | SelfCalibration: What the blocks compute.

    Raises:
        UserError: An unknown name or argument, or a value of another type.
    """
    try:
        options = dict(type=value) if isinstance(value, str) else dict(value)
    except (TypeError, ValueError) as e:
        raise UserError(
            f'Invalid last_block={value!r}: pass one of {sorted(METHODS)}, '
            'or a dict with the arguments of LastBlock.') from e
    name = options.pop('type', None)
    if name is not None and name not in sorted(METHODS):
        raise UserError(
            f'Unknown last block {name!r}; choose one of {sorted(METHODS)} '
            f'or pass the arguments of LastBlock.{did_you_mean(name, METHODS)}'
        )
    variant = LastBlock() if name is None else METHODS[name]
    known = [field.name for field in fields(variant)]
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise UserError(
            f'Invalid last_block={value!r}: {", ".join(unknown)} is unknown; '
            f'{name or "LastBlock"} takes {", ".join(known)}.')
    for key, value in options.items():
        default = getattr(variant, key)
        fitting = (int, float) if isinstance(default, float) else type(default)
        # A bool is an int, and lists stand for tuples in JSON and YAML.
        if not isinstance(default, tuple) and not (
                isinstance(value, fitting)
                and isinstance(value, bool) == isinstance(default, bool)):
            raise UserError(f'{key} of {name or "LastBlock"} must be '
                            f'{type(default).__name__}, but got {value!r}.')
    return replace(variant, **options)

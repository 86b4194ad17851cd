"""Patch features of a frozen Vision Transformer."""
import torch
from torch import nn

from mmseg_clipzs.patch_grid import fit_to_grid, resize_positions, to_map
from mmseg_clipzs.products import linear
from mmseg_clipzs.utils import UserError

from .architectures import is_plain

PARTS = ('tokens', 'query', 'key', 'value', 'query+key')


class Proxy(nn.Module):
    """A frozen Vision Transformer of timm as a supplier of patch features.

    Args:
        network (nn.Module): timm's ``VisionTransformer``, ``Eva`` or
            ``VisionTransformerSAM``.
        mean, std (Sequence[float]): RGB, of its inputs, for images in [0, 1].

    Attributes:
        patch_size (tuple[int]): (h, w) pixels.
    """

    def __init__(self, network, mean, std):
        super().__init__()
        self.network = network
        self.mean, self.std = tuple(mean), tuple(std)
        self.patch_size = tuple(network.patch_embed.patch_size)
        self.requires_grad_(False)
        self.eval()

    def train(self, mode=True):
        """Stays in evaluation mode."""
        return super().train(False)

    def forward(self, images, part='tokens', pos_embed='exact',
                off_grid='drop'):
        """Features of the patches.

        Args:
            images (Tensor): (N, 3, H, W) float RGB, normalised by ``mean``
                and ``std``, any size.
            part (str): 'tokens', the normed output of the last block (of
                SAM's encoder, of its neck); or its 'query', 'key', 'value' or
                'query+key', heads side by side, before rotary positions.
            pos_embed (str): How position embeddings are resized; see
                :func:`~mmseg_clipzs.patch_grid.resize_positions`. Networks
                other than timm's ``VisionTransformer`` do it in timm's way.
            off_grid (str): See :func:`~mmseg_clipzs.patch_grid.fit_to_grid`.

        Returns:
            Tensor: (N, C, I, J) in the dtype of the network; class and
            register tokens are left out.

        Raises:
            UserError: An unknown part.
        """
        if part not in PARTS:
            raise UserError(f'part={part!r} is unknown; choose one of '
                            f'{PARTS}.')
        network, (h, w) = self.network, self.patch_size
        images = fit_to_grid(images.to(network.patch_embed.proj.weight.dtype),
                             self.patch_size, off_grid)
        grid = images.shape[2] // h, images.shape[3] // w
        images = images[..., :grid[0] * h, :grid[1] * w]
        run = self._run_plain if is_plain(network) else self._run_other
        x = run(images, grid, pos_embed, part == 'tokens')  # (N, I * J, C)
        if part != 'tokens':
            last = network.blocks[-1]
            x = last.norm1(x)
            x = sum(_project(last.attn, x, one) for one in part.split('+'))
        return to_map(x, grid, x.dtype)

    def look(self, images, stats, *args, **kwargs):
        """Features of images that are normalised otherwise.

        Args:
            images (Tensor): (N, 3, H, W) float RGB.
            stats (tuple): Their mean and std, for images in [0, 1].
            args, kwargs: See :meth:`forward`.

        Returns:
            Tensor: (N, C, I, J).
        """
        (mean, std), (own_mean, own_std) = (
            [images.new_tensor(values)[:, None, None] for values in each]
            for each in (stats, (self.mean, self.std)))
        return self(images * (std / own_std) + (mean - own_mean) / own_std,
                    *args, **kwargs)

    def _run_plain(self, images, grid, pos_embed, is_output):
        """Patches of the normed output, or those that enter the last block."""
        network = self.network
        x = network.patch_embed.proj(images).flatten(2).transpose(1, 2)
        x = network.patch_embed.norm(x)
        prefix = torch.cat([token[0] for token in (
            network.cls_token, network.reg_token) if token is not None]
            or [x.new_zeros(0, x.size(2))])  # (tokens, C)
        if network.pos_embed is not None:
            positions, skip = network.pos_embed[0], (
                0 if network.no_embed_class else len(prefix))
            x = x + resize_positions(
                positions[skip:], tuple(network.patch_embed.grid_size), grid,
                pos_embed)
            if skip:
                prefix = prefix + positions[:skip]
        x = torch.cat([prefix.expand(len(x), -1, -1), x], 1)
        x = network.norm_pre(x)
        for block in network.blocks[:-1]:
            x = block(x)
        if is_output:
            x = network.norm(network.blocks[-1](x))
        return x[:, len(prefix):]

    def _run_other(self, images, grid, pos_embed, is_output):
        """The same by timm's own code."""
        last = len(self.network.blocks) - 1
        maps, = self.network.forward_intermediates(
            images, indices=[last if is_output else last - 1],
            norm=is_output, stop_early=True, intermediates_only=True)
        return maps.flatten(2).transpose(1, 2)


def _project(attention, x, part):
    """Query, key or value of a block's attention: (N, L, C) -> (N, L, C)."""
    i = ('query', 'key', 'value').index(part)
    if getattr(attention, 'qkv', None) is not None:
        weight = attention.qkv.weight.chunk(3)[i]
        bias = attention.qkv.bias
        if bias is not None:
            bias = bias.chunk(3)[i]
        elif getattr(attention, 'q_bias', None) is not None:
            bias = (attention.q_bias, attention.k_bias, attention.v_bias)[i]
    else:
        layer = (attention.q_proj, attention.k_proj, attention.v_proj)[i]
        weight, bias = layer.weight, layer.bias
    x = linear(x, weight, bias)
    if i == 2:
        return x
    norm = getattr(attention, ('q_norm', 'k_norm')[i], None)
    return x if norm is None else norm(
        x.unflatten(-1, (attention.num_heads, -1))).flatten(-2)

from typing import NamedTuple

import torch
from mmcv.cnn.bricks.drop import DropPath
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import nn

from mmseg_clipzs.clip.blocks import run_block
from mmseg_clipzs.clip.towers import Transformer
from mmseg_clipzs.patch_grid import fit_to_grid, resize_positions
from mmseg_clipzs.utils import (
    UserError,
    check_flag,
    check_number,
    check_numbers,
)

from .grouping_block import GroupingBlock, mix_tokens, mlp


class Grouping(NamedTuple):
    """Output of :class:`GroupViT`.

    Attributes:
        segments (Tensor): (N, G, C), features of the final groups.
        assignments (tuple[Tensor]): Soft assignment (N, G_i, S_i) of each
            grouping stage: softmax over its G_i groups for each of its S_i
            input segments; S_0 = h * w patches, row-major.
        grid (tuple[int]): (h, w), patches.
    """
    segments: torch.Tensor
    assignments: tuple[torch.Tensor, ...]
    grid: tuple[int, int]


class Stage(nn.Module):
    """Transformer blocks over segments and group tokens, then grouping.

    Args:
        embed_dims, num_heads (int): Width and heads of the blocks.
        drop_paths (Sequence[float]): Stochastic depth rate of each block.
        num_group_tokens (int): 0 for a stage without grouping.
        num_output_groups (int): Output segments.
        num_tokens_before (int): Group tokens of the previous stage, 0 for the
            first stage.
        gumbel, tau: As for :class:`GroupingBlock`.
    """

    def __init__(self, embed_dims, num_heads, drop_paths, num_group_tokens,
                 num_output_groups, num_tokens_before, gumbel, tau):
        super().__init__()
        self.blocks = Transformer(
            embed_dims, len(drop_paths), num_heads).resblocks
        for block, rate in zip(self.blocks, drop_paths):
            if rate:  # in place of open_clip's LayerScale
                block.ls_1, block.ls_2 = DropPath(rate), DropPath(rate)
        self.group_token = self.group_projector = self.grouping = None
        if num_group_tokens:
            self.group_token = nn.Parameter(
                torch.zeros(1, num_group_tokens, embed_dims))
            self.grouping = GroupingBlock(
                embed_dims, num_heads, num_group_tokens, num_output_groups,
                gumbel, tau)
            if num_tokens_before:
                self.group_projector = nn.ModuleDict(dict(
                    norm=nn.LayerNorm(embed_dims),
                    mlp=mlp(num_tokens_before, embed_dims // 2,
                            num_group_tokens)))

    def forward(self, x, tokens_before):
        """Run the stage.

        Args:
            x (Tensor): (N, S, C) segments.
            tokens_before (Tensor | None): (N, T', C) group tokens of the
                previous stage, after its blocks.

        Returns:
            tuple: Segments (N, G, C), group tokens (N, T, C) after the blocks
            and soft assignment (N, G, S); the last two are None without
            grouping.
        """
        tokens, count = None, x.size(1)
        if self.grouping is not None:
            tokens = self.group_token.expand(x.size(0), -1, -1)
            if self.group_projector is not None:
                tokens = tokens + mix_tokens(
                    self.group_projector['mlp'],
                    self.group_projector['norm'](tokens_before))
            x = torch.cat([x, tokens], dim=1)  # (N, S + T, C)
        for block in self.blocks:
            x = run_block(block, x)
        if self.grouping is None:
            return x, None, None
        x, tokens = x[:, :count], x[:, count:]
        x, assignment = self.grouping(x, tokens)
        return x, tokens, assignment


@MODELS.register_module()
class GroupViT(BaseModule):
    """Vision Transformer that groups patches into segments.

    GroupViT (arXiv 2202.11094), section 3.1. The defaults are the published
    2-stage model; ``depths=(6, 6), num_group_tokens=(64, 0),
    num_output_groups=(8, )`` is the 1-stage one.

    Args:
        embed_dims (int): Width C.
        num_heads (int): Attention heads; the assignment has one.
        depths (Sequence[int]): Transformer blocks of each stage.
        num_group_tokens (Sequence[int]): Group tokens of each stage; 0 for a
            stage without grouping.
        num_output_groups (Sequence[int]): Output groups of each grouping
            stage.
        img_size (int): Native image size in pixels; the positional embedding
            is interpolated for others.
        patch_size (int): Pixels.
        drop_path_rate (float): Stochastic depth rate of the last block,
            rising linearly from 0.
        gumbel (bool): Add Gumbel noise in training.
        gumbel_tau (float): Temperature of the hard assignment in training.
        grouping_gain (float, optional): Initial weights of the assignment and
            of the projector of group tokens have standard deviation gain /
            sqrt(inputs), by default 0.02 like all others. With 1 or more,
            small models learn to group (not in the paper).

    Raises:
        UserError: Inconsistent sizes.
    """

    def __init__(self,
                 embed_dims=384,
                 num_heads=6,
                 depths=(6, 3, 3),
                 num_group_tokens=(64, 8, 0),
                 num_output_groups=(64, 8),
                 img_size=224,
                 patch_size=16,
                 drop_path_rate=0.,
                 gumbel=True,
                 gumbel_tau=1.,
                 grouping_gain=None,
                 init_cfg=None):
        super().__init__(init_cfg)
        for option, value, within in (
            ('embed_dims', embed_dims, '[1, inf)'),
            ('num_heads', num_heads, '[1, inf)'),
            ('img_size', img_size, '[1, inf)'),
            ('patch_size', patch_size, '[1, inf)')):
            check_number(option, value, within, int)
        for option, values, within in (
            ('depths', depths, '[0, inf)'),
            ('num_group_tokens', num_group_tokens, '[0, inf)'),
            ('num_output_groups', num_output_groups, '[1, inf)')):
            check_numbers(option, values, within, int)
        check_number('drop_path_rate', drop_path_rate, '[0, 1)')
        check_flag('gumbel', gumbel)
        check_number('gumbel_tau', gumbel_tau, '(0, inf)')
        check_number('grouping_gain', grouping_gain, '(0, inf)', optional=True)
        grouping = [count > 0 for count in num_group_tokens]
        if len(depths) != len(grouping) or not any(grouping) or (
                sum(grouping) != len(num_output_groups)
                or grouping != sorted(grouping, reverse=True)):
            raise UserError(
                'GroupViT needs the number of group tokens for each stage, '
                'grouping stages first, and the number of output groups for '
                f'each grouping stage, but got {depths=}, '
                f'{num_group_tokens=}, {num_output_groups=}.')
        if embed_dims % num_heads or img_size % patch_size:
            raise UserError(
                f'embed_dims={embed_dims} must be a multiple of {num_heads=}, '
                f'and img_size={img_size} of {patch_size=}.')
        self.embed_dims = embed_dims
        self.patch_size = (patch_size, patch_size)
        self.grid_size = (img_size // patch_size, ) * 2
        self.patch_embed = nn.Conv2d(3, embed_dims, patch_size, patch_size)
        self.patch_norm = nn.LayerNorm(embed_dims)
        self.pos_embed = nn.Parameter(torch.zeros(
            self.grid_size[0] * self.grid_size[1], embed_dims))
        rates = torch.linspace(0, drop_path_rate, sum(depths)).tolist()
        outputs = (*num_output_groups, *[0] * len(depths))
        self.stages = nn.ModuleList()
        for i, depth in enumerate(depths):
            first = sum(depths[:i])
            self.stages.append(Stage(
                embed_dims, num_heads, rates[first:first + depth],
                num_group_tokens[i], outputs[i],
                num_group_tokens[i - 1] if i else 0, gumbel, gumbel_tau))
        self.norm = nn.LayerNorm(embed_dims)
        self._reset_parameters(grouping_gain)

    def _reset_parameters(self, gain):
        """Standard ViT initialisation, unless grouping has a gain.

        A gain of 1 preserves the scale of a layer's inputs. Otherwise Gumbel
        noise would dominate the logits, and constants of the group tokens
        what is summed over segments and what the next stage's tokens get.
        """
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=.02)
                nn.init.zeros_(module.bias)
            elif isinstance(module, nn.MultiheadAttention):
                nn.init.trunc_normal_(module.in_proj_weight, std=.02)
        nn.init.trunc_normal_(self.pos_embed, std=.02)
        for stage in self.stages:
            if stage.grouping is None:
                continue
            nn.init.trunc_normal_(stage.group_token, std=.02)
            if gain:
                _preserve_scale(stage.grouping.assign, gain)
                _preserve_scale(stage.group_projector, gain)

    def init_weights(self):
        """Does nothing: the constructor initialises the weights."""

    def forward(self, inputs):
        """Group the patches of images.

        Args:
            inputs (Tensor): (N, 3, H, W) float, normalised RGB, any size;
                rows and columns after the last whole patch are dropped.

        Returns:
            Grouping: Segments and assignments.
        """
        x = self.patch_embed(fit_to_grid(inputs, self.patch_size, 'drop'))
        grid = tuple(x.shape[2:])
        x = self.patch_norm(x.flatten(2).transpose(1, 2))  # (N, h * w, C)
        positions = resize_positions(self.pos_embed, self.grid_size, grid)
        x, tokens, assignments = x + positions, None, []
        for stage in self.stages:
            x, tokens, assignment = stage(x, tokens)
            if assignment is not None:
                assignments.append(assignment)
        return Grouping(self.norm(x), tuple(assignments), grid)


def _preserve_scale(module, gain):
    """Initialise the linear layers of a module, if there is one."""
    for layer in module.modules() if module else ():
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, std=gain * layer.in_features**-.5)

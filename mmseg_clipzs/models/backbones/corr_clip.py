"""CorrCLIP: attention within regions, by another network's features."""
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F

from mmseg_clipzs.clip.attention import attend
from mmseg_clipzs.clip.blocks import (
    feed_forward,
    project,
    project_out,
    run_block,
    split_heads,
)
from mmseg_clipzs.patch_grid import nearest
from mmseg_clipzs.utils import UserError, check_number

from .last_block import patch_keys
from .method import Dense
from .proxy_attention import DINO, proxy_values

# Depth of the tower -> blocks in the mean of the spatial branch, which ends
# before the penultimate block.
_SPATIAL = {12: 5, 24: 12, 32: 28}
_SHARE = 5 / 12  # of other depths
_UNSEGMENTED = ('zero', 'lowest')


@dataclass(frozen=True)
class CorrClip:
    """CorrCLIP (arXiv 2411.10086), its first version.

    Patches attend to the patches of their region, with the similarities S of
    a proxy network's last queries and keys: softmax(scale S). Three branches
    are normed and added, on the proxy's grid: values of the penultimate
    layer, values of the mean of earlier layers, and class tokens that each
    see one region, through all blocks.

    Attributes:
        proxy (dict): Arguments of :func:`mmseg_clipzs.proxy.load_proxy`.
        scale (float): Factor of the similarities.
        distance (float): Regions are merged whose mean features are this
            close, directly or through others: largest cosine similarity of
            two regions minus theirs (DBSCAN with one sample per core point).
        spatial_blocks (int): Number of blocks averaged in the second branch;
            0 for the authors' choice: 5 of 12, 12 of 24, 28 of 32, and 5/12
            of others.
        spatial_weight, semantic_weight (float): Of the second and the third
            branch; 0 leaves it out.
        unsegmented (str): Patches of no region, which attend to all patches
            more similar than average and are seen by those: 'zero', id 0, or
            'lowest', as in the authors' code, the lowest id in the window,
            so that a window covered by regions loses one of them.

    Raises:
        UserError: Arguments out of range.
    """
    proxy: dict = field(default_factory=DINO.copy)
    scale: float = 4.
    distance: float = 0.2
    spatial_blocks: int = 0
    spatial_weight: float = 1.
    semantic_weight: float = 0.5
    unsegmented: str = 'zero'

    proxy_part = 'query+key'
    needs_regions = True

    def __post_init__(self):
        for name, within, kind in (
            ('scale', '(0, inf)', float), ('distance', '[0, 2]', float),
            ('spatial_blocks', '[0, inf)', int),
            ('spatial_weight', '[0, inf)', float),
            ('semantic_weight', '[0, inf)', float)):
            check_number(
                f'{name} of CorrCLIP', getattr(self, name), within, kind)
        if self.unsegmented not in _UNSEGMENTED:
            raise UserError(
                f'unsegmented={self.unsegmented!r} of CorrCLIP is unknown; '
                f'choose one of {_UNSEGMENTED}.')

    def __call__(self, visual, x, grid, keys=None, view=None):
        """See :meth:`LastBlock.__call__`."""
        *blocks, last = visual.transformer.resblocks
        # Half precision is too coarse for thresholds.
        proxy = view.proxy.to(torch.promote_types(
            view.proxy.dtype, torch.float32))
        features = F.normalize(proxy.flatten(2).transpose(1, 2), dim=-1)
        fine = tuple(proxy.shape[2:])
        labels = self.label_patches(view.regions, features, fine)
        tokens, sources = None, nearest(labels, grid)
        if self.semantic_weight:
            tokens, is_seen = start_tokens(x, sources)
        first, stop = self._spatial_range(len(blocks))
        spatial = 0
        for i, block in enumerate(blocks):
            if tokens is not None:
                tokens = run_region_tokens(block, x, tokens, is_seen)
            x = run_block(block, x)
            if first <= i < stop:
                spatial = spatial + x / (stop - first)
        weights = self.attention(features, labels.flatten(1)).to(x.dtype)

        def attended(x):
            return visual.ln_post(project_out(
                last, weights @ proxy_values(last, x, grid, proxy)))

        out = attended(x)
        if self.spatial_weight:
            out = out + self.spatial_weight * attended(spatial)
        if tokens is not None:
            tokens = visual.ln_post(
                run_region_tokens(last, x, tokens, is_seen))
            index = nearest(sources, fine).flatten(1)[..., None]
            out = out + self.semantic_weight * tokens.gather(
                1, index.expand_as(out))
        return Dense(out, fine, patch_keys(last, x, keys), is_normed=True)

    def _spatial_range(self, depth):
        """First and last block (excluded) of the spatial branch.

        Args:
            depth (int): Number of blocks before the last one.
        """
        count = self.spatial_blocks or _SPATIAL.get(
            depth + 1, round(_SHARE * (depth + 1)))
        stop = max(depth - 1, 1)  # a tower of two blocks has one to look at
        return max(stop - max(count, 1), 0), stop

    def label_patches(self, regions, features, grid):
        """Regions of patches, similar ones merged.

        Args:
            regions (Tensor): (N, H, W) int64, 0 = no region.
            features (Tensor): (N, I * J, C) float32, of length 1.
            grid (tuple[int]): (I, J).

        Returns:
            Tensor: (N, I, J) int64, 0 = unsegmented, the merged regions of
            each image from 1.
        """
        labels = torch.zeros_like(regions[:, :1, :1]).expand(
            -1, *grid).clone()
        for one, region, x in zip(labels, nearest(regions, grid), features):
            bare = region.min() if self.unsegmented == 'lowest' else 0
            is_in = region != bare  # (I, J)
            if is_in.any():
                ids, index = region[is_in].unique(return_inverse=True)
                one[is_in] = 1 + self.merge(
                    x[is_in.flatten()], index, len(ids))[index]
        return labels

    def merge(self, features, index, count):
        """Merge regions with similar features.

        Args:
            features (Tensor): (L, C) float32, of patches in regions.
            index (Tensor): (L, ) int64, the region of each.
            count (int): Number of regions R.

        Returns:
            Tensor: (R, ) int64, the merged region of each, from 0.
        """
        from scipy.sparse.csgraph import connected_components
        means = F.normalize(features.new_zeros(
            count, features.size(1)).index_add_(0, index, features), dim=1)
        similarity = means @ means.T
        near = similarity.max() - similarity <= self.distance
        return torch.from_numpy(connected_components(
            near.cpu().numpy(), directed=False)[1]).to(index)

    def attention(self, features, labels):
        """Attention of the patches, the same in every head.

        Args:
            features (Tensor): (N, L, C) float32, of length 1.
            labels (Tensor): (N, L) int64, from :meth:`label_patches`.

        Returns:
            Tensor: (N, L, L), rows sum to 1.
        """
        similarity = features @ features.transpose(1, 2)
        inside = labels > 0
        may = torch.where(
            inside[:, :, None] & inside[:, None],
            labels[:, :, None] == labels[:, None],
            similarity > similarity.mean((1, 2), keepdim=True))
        # Equal patches are not above their average.
        may.diagonal(dim1=1, dim2=2).fill_(True)
        return (self.scale * similarity).masked_fill_(
            ~may, -torch.inf).softmax(-1)


def start_tokens(x, labels):
    """A second class token for each region.

    Args:
        x (Tensor): (N, 1 + h * w, C), what enters the first block.
        labels (Tensor): (N, h, w) int64, from 0.

    Returns:
        tuple[Tensor]: Tokens (N, R, C) for the labels below R; what they see,
        (N, R, 1 + h * w) bool: the class token and the patches of a region.
    """
    labels = labels.flatten(1)
    index = torch.arange(int(labels.max()) + 1, device=labels.device)
    is_seen = labels[:, None] == index[:, None]  # (N, R, h * w)
    return x[:, :1].expand(-1, len(index), -1), F.pad(
        is_seen, (1, 0), value=True)


def run_region_tokens(block, x, tokens, is_seen):
    """Run a block for tokens that see part of the others.

    Args:
        block (nn.Module): A residual attention block of open_clip.
        x (Tensor): (N, L, C), what enters the block.
        tokens (Tensor): (N, R, C), which enter it as well; no token sees
            them.
        is_seen (Tensor): (N, R, L) bool.

    Returns:
        Tensor: (N, R, C).
    """
    q = project(block, block.ln_1(tokens), 'q')
    k, v = project(block, block.ln_1(x), 'kv').chunk(2, -1)
    out = attend(*(split_heads(part, block.attn.num_heads)
                   for part in (q, k, v)), attn_mask=is_seen[:, None])
    return feed_forward(block, project_out(
        block, out.transpose(1, 2).flatten(2), tokens))

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS

from mmseg_clipzs.patch_grid import fit_to_grid, to_map
from mmseg_clipzs.proxy import load_proxy
from mmseg_clipzs.utils import UserError, check_flag, check_number

from .clip_vit import ClipViT

SAM = dict(model='samvit_base_patch16', pretrained='sa1b')
_HIGHEST, _FOR_NEGATIVE = 0.9, 0.6  # of the threshold


@MODELS.register_module()
class TridentViT(ClipViT):
    """Trident: features of windows, spliced and refined by SAM's attention.

    Splice (Trident, arXiv 2411.09219): ProxyCLIP's features of windows after
    the output projection, averaged where they overlap. Then the last
    attention of SAM's encoder, which sees the whole image, mixes them, among
    the patches whose values are similar. It takes whole images:
    ``test_cfg=dict(mode='whole')``.

    Args:
        clip (dict | LoadedClip): See :class:`ClipViT`.
        last_block (str | dict): The method within windows, on CLIP's patch
            grid; in the paper ProxyCLIP with DINO B/16.
        sam (dict): Arguments of :func:`~mmseg_clipzs.proxy.load_proxy`: SAM's
            encoder, or a ``VisionTransformer`` of timm.
        crop_size, stride (int): Of the windows, in pixels; whole patches of
            both are taken.
        sam_size (int): Longest side in pixels of what SAM sees, padded to a
            square.
        cosine_factor (float): A head's attention is kept where the cosine of
            the values is above this multiple of its mean over the heads and
            the image, at most 0.9.
        keep_negative (bool): Whether a negative threshold stays as it is;
            otherwise it becomes 0.6.
        halves (bool): Show SAM the left and the right half of the image
            separately, for wide images.
        kwargs: See :class:`ClipViT`.

    Raises:
        UserError: Invalid options.
    """

    def __init__(self,
                 clip,
                 last_block,
                 sam=SAM,
                 crop_size=336,
                 stride=224,
                 sam_size=1024,
                 cosine_factor=1.2,
                 keep_negative=True,
                 halves=False,
                 **kwargs):
        for name, value in (('crop_size', crop_size), ('stride', stride),
                            ('sam_size', sam_size)):
            check_number(name, value, '[1, inf)', int)
        if stride > crop_size:
            raise UserError(f'Windows of crop_size={crop_size} with '
                            f'stride={stride} leave gaps.')
        check_number('cosine_factor', cosine_factor, '[0, inf)')
        check_flag('keep_negative', keep_negative)
        check_flag('halves', halves)
        super().__init__(clip, last_block, **kwargs)
        if self.out_keys is not None or self.needs_regions:
            raise UserError('TridentViT has neither keys nor regions: leave '
                            'out_keys away and choose another last_block.')
        if getattr(self.last_block, 'sfr', False):
            raise UserError(
                'TridentViT has no second pass: set sfr=False, as in '
                'last_block=dict(type="resclip", sfr=False).')
        self.sam = load_proxy(**sam, dtype=self.visual.conv1.weight.dtype)
        self.crop_size, self.stride = crop_size, stride
        self.sam_size = sam_size
        self.cosine_factor = cosine_factor
        self.keep_negative = keep_negative
        self.halves = halves

    def forward(self, inputs):
        """Dense features in CLIP's joint space.

        Args:
            inputs (Tensor): (N, 3, H, W) float RGB, normalised by
                ``input_stats``, any size: whole images.

        Returns:
            tuple[Tensor]: Features (N, D, h, w) on SAM's patch grid, in the
            dtype of the inputs.
        """
        images = fit_to_grid(inputs, self._multiple, self.off_grid)
        height, width = (cells * patch for cells, patch in zip(
            self._grid_of(images), self.patch_size))
        images = images[..., :height, :width]
        spliced = self.splice(images)
        return torch.cat([
            self._refine(*one) for one in zip(images.split(1),
                                              spliced.split(1))
        ]).to(inputs.dtype),

    def splice(self, images):
        """Features of windows, averaged where they overlap.

        Args:
            images (Tensor): (N, 3, H, W), whole patches.

        Returns:
            Tensor: (N, C, h, w), after the output projection.
        """
        rows, columns = (
            _starts(cells, self.crop_size // patch, self.stride // patch)
            for cells, patch in zip(self._grid_of(images), self.patch_size))
        total = count = 0
        for top, bottom in rows:
            for left, right in columns:
                ph, pw = self.patch_size
                out = self._run_blocks(images[
                    ..., top * ph:bottom * ph, left * pw:right * pw])
                maps = to_map(out.patches, out.grid, out.patches.dtype)
                size = bottom - top, right - left
                if out.grid != size:
                    maps = F.interpolate(maps, size, mode='bilinear')
                h, w = self._grid_of(images)
                where = left, w - right, top, h - bottom
                total = total + F.pad(maps, where)
                count = count + F.pad(torch.ones_like(maps[:1, :1]), where)
        return total / count

    def _refine(self, image, features):
        """(1, 3, H, W) and (1, C, h, w) -> (1, D, I, J)."""
        parts = image.chunk(2, 3) if self.halves and image.size(3) > 1 else [
            image]
        grid = self._sam_grid(parts[0])
        features = F.interpolate(
            features, (grid[0], grid[1] * len(parts)), mode='bilinear')
        return torch.cat([
            to_map(self._to_joint_space(self._attend(part, values, grid)),
                   grid, features.dtype)
            for part, values in zip(parts, features.chunk(len(parts), 3))], 3)

    def _sam_grid(self, image):
        """(I, J): Patches of SAM that an image covers."""
        longest = max(image.shape[2:])
        return tuple(max(round(size / longest * self.sam_size / patch), 1)
                     for size, patch in zip(image.shape[2:],
                                            self.sam.patch_size))

    def _attend(self, image, features, grid):
        """(1, 3, H, W) and (1, C, I, J) -> (1, I * J, C)."""
        values, maps, index = self._sam_attention(image, grid)
        # In float32: a mask decides.
        values = F.normalize(values[0, :, index].float(), dim=-1)
        # Mean of the cosines over heads and patches, without their matrices.
        threshold = self.cosine_factor * (
            values @ values.mean(1)[..., None]).mean(0)  # (I * J, 1)
        if not self.keep_negative:
            threshold = threshold.masked_fill(threshold < 0, _FOR_NEGATIVE)
        threshold = threshold.clamp(max=_HIGHEST)
        weights = sum(one[0, index][:, index].float() * (v @ v.T > threshold)
                      for one, v in zip(maps, values))
        weights = F.normalize(weights, p=1, dim=-1).to(features.dtype)
        return weights @ features.flatten(2).transpose(1, 2)

    def _sam_attention(self, image, grid):
        """Values and maps of :meth:`Proxy.attention`, of a padded image, and
        the indices of the patches that are not padding."""
        ph, pw = self.sam.patch_size
        size = grid[0] * ph, grid[1] * pw
        image = self.sam.normalised(F.interpolate(
            image, size, mode='bilinear', antialias=size[0] < image.size(2)),
            self.input_stats)
        side = max(size)
        image = F.pad(image, (0, side - size[1], 0, side - size[0]))
        index = torch.arange(side // ph * (side // pw), device=image.device)
        index = index.view(side // ph, -1)[:grid[0], :grid[1]].flatten()
        return *self.sam.attention(image, self.pos_embed), index


def _starts(cells, crop, stride):
    """list[tuple[int]]: First and last patch (excluded) of the windows."""
    crop, stride = min(max(crop, 1), cells), max(stride, 1)
    count = -(-(cells - crop) // stride) + 1
    return [(start, start + crop) for start in (
        min(i * stride, cells - crop) for i in range(count))]

"""GroupViT weights: the authors', Hugging Face's and this package's."""
import logging
import os
import re
from pathlib import Path

import torch
from mmengine.logging import print_log

from mmseg_clipzs.checkpoints import (
    load_exactly,
    read_hub,
    read_state_dict,
    reason,
)
from mmseg_clipzs.utils import UserError, check_is_file

# Weights shipped with the package.
SHIPPED = {'toy': Path(__file__).parent / 'weights/groupvit-toy.safetensors'}

_TOWERS = (
    (r'^(image|text)_projector\.linear_hidden\.([01])', r'\1_projector.\2'),
    (r'^(image|text)_projector\.linear_out', r'\1_projector.3'),
    (r'\.blocks\.(\d+)\.norm([12])\.', r'.blocks.\1.ln_\2.'),
    (r'(\.blocks\.\d+)\.attn\.qkv\.', r'\1.attn.in_proj_'),
    (r'(\.blocks\.\d+)\.attn\.proj\.', r'\1.attn.out_proj.'),
    (r'(\.blocks\.\d+)\.mlp\.fc1', r'\1.mlp.c_fc'),
    (r'(\.blocks\.\d+)\.mlp\.fc2', r'\1.mlp.c_proj'),
    (r'\.downsample\.', r'.grouping.'),
    (r'\.pre_assign_attn\.attn\.(out_proj|proj)\.', r'.pre_assign_attn.proj.'),
    (r'\.pre_assign_attn\.attn\.', r'.pre_assign_attn.'),
    (r'\.group_projector\.0\.', r'.group_projector.norm.'),
    (r'\.group_projector\.1\.', r'.group_projector.mlp.'),
)
_OFFICIAL = (
    (r'^img_projector', 'image_projector'),
    (r'^img_encoder\.layers\.', 'backbone.stages.'),
    (r'^img_encoder\.patch_embed\.proj', 'backbone.patch_embed'),
    (r'^img_encoder\.patch_embed\.norm', 'backbone.patch_norm'),
    (r'^img_encoder\.', 'backbone.'),
    (r'^text_encoder\.', 'text_backbone.'),
    *_TOWERS,
)
_HUGGING_FACE = (
    (r'^visual_projection', 'image_projector'),
    (r'^text_projection', 'text_projector'),
    (r'^vision_model\.encoder\.stages\.', 'backbone.stages.'),
    (r'^vision_model\.embeddings\.patch_embeddings\.projection',
     'backbone.patch_embed'),
    (r'^vision_model\.embeddings\.layernorm', 'backbone.patch_norm'),
    (r'^vision_model\.embeddings\.position_embeddings', 'backbone.pos_embed'),
    (r'^vision_model\.layernorm', 'backbone.norm'),
    (r'^text_model\.encoder\.layers', 'text_backbone.transformer.resblocks'),
    (r'^text_model\.embeddings\.position_embedding\.weight',
     'text_backbone.positional_embedding'),
    (r'^text_model\.embeddings\.', 'text_backbone.'),
    (r'^text_model\.final_layer_norm', 'text_backbone.ln_final'),
    (r'(stages\.\d+)\.layers\.', r'\1.blocks.'),
    (r'((?:blocks|resblocks)\.\d+)\.layer_norm([12])', r'\1.ln_\2'),
    (r'((?:blocks|resblocks)\.\d+)\.self_attn', r'\1.attn'),
    (r'(resblocks\.\d+)\.mlp\.fc1', r'\1.mlp.c_fc'),
    (r'(resblocks\.\d+)\.mlp\.fc2', r'\1.mlp.c_proj'),
    *_TOWERS,
)


def _rename(state, table):
    renamed = {}
    for key, value in state.items():
        for pattern, new in table:
            key = re.sub(pattern, new, key)
        renamed[key] = value
    return renamed


def _unbatch(state):
    """Squeeze positional embeddings and 1 x 1 convolutions."""
    for key, value in state.items():
        if key == 'backbone.pos_embed' and value.ndim == 3:
            state[key] = value[0]
        elif '_projector.' in key and value.ndim == 3 and (
                'group_projector' not in key):
            state[key] = value[..., 0]
    return state


def from_official(state):
    """Convert the state dict of the authors' checkpoints.

    Args:
        state (dict[str, Tensor]): Keys ``img_encoder.*``, ``text_encoder.*``,
            ``img_projector.*``, ``text_projector.*``, ``logit_scale``.

    Returns:
        dict[str, Tensor]: State dict of :class:`ImageTextContrastive`.
    """
    return _unbatch(_rename(state, _OFFICIAL))


def from_hugging_face(state):
    """Convert the state dict of Hugging Face's ``GroupViTModel``.

    Args:
        state (dict[str, Tensor]): Keys ``vision_model.*``, ``text_model.*``,
            ``visual_projection.*``, ``text_projection.*``, ``logit_scale``.

    Returns:
        dict[str, Tensor]: State dict of :class:`ImageTextContrastive`. The
        logit scale of the multi-label loss, which Hugging Face's model lacks
        and segmentation does not use, is a copy of the contrastive loss's.
    """
    # Files of older releases contain this constant.
    state = {key: value for key, value in state.items()
             if not key.endswith('position_ids')}
    renamed = _rename(state, _HUGGING_FACE)
    for key in [key for key in renamed if '.attn.q_proj.' in key]:
        parts = [renamed.pop(key.replace('q_proj', f'{part}_proj'))
                 for part in 'qkv']
        renamed[key.replace('q_proj.', 'in_proj_')] = torch.cat(parts)
    if 'logit_scale' in renamed:
        renamed['multi_label_logit_scale'] = renamed['logit_scale']
    return _unbatch(renamed)


def load_groupvit(model, weights):
    """Load weights into an :class:`ImageTextContrastive`.

    Args:
        model (ImageTextContrastive): Modified in place.
        weights (str | Path | None): As for :class:`ImageTextContrastive`.

    Raises:
        UserError: Unknown weights, failed download, damaged file, or weights
            of another architecture.
    """
    if weights is None:
        print_log(
            'GroupViT has RANDOM weights (weights=None): its results are '
            'meaningless until it is trained or a checkpoint is loaded.',
            logger='current', level=logging.WARNING)
        return
    path, state = _read(weights)
    if any(key.startswith('img_encoder.') for key in state):
        state = from_official(state)
    elif any(key.startswith('vision_model.') for key in state):
        state = from_hugging_face(state)
        if not model.num_nouns:
            state.pop('multi_label_logit_scale', None)
    load_exactly(model, state, path, 'this GroupViT', lambda: (
        'Set backbone, text_backbone, embed_dims, projector_dims and '
        'num_nouns to match.'))
    print_log(f'Loaded GroupViT from {str(weights)!r}.', logger='current')


def _read(weights):
    """tuple[Path, dict[str, Tensor]]: A file and its state dict."""
    path = SHIPPED.get(weights) or Path(weights).expanduser()
    if os.path.exists(path):
        path = check_is_file(path, 'weights of a GroupViT')
        return path, read_state_dict(path)[0]
    if not re.fullmatch(r'[\w-]+/[\w.-]+', str(weights)) or path.suffix in (
            '.pth', '.pt', '.bin', '.safetensors'):
        raise UserError(
            f'No GroupViT weights at {str(weights)!r}. Pass one of '
            f'{sorted(SHIPPED)}, an existing file, or a Hugging Face hub name '
            'such as "nvidia/groupvit-gcc-yfcc".')
    try:
        path, (state, _) = read_hub(
            weights, ('model.safetensors', 'pytorch_model.bin'))
    except OSError as e:
        raise UserError(
            f'The weights {weights!r} could not be downloaded '
            f'({reason(e)}). Without a network, fetch model.safetensors (or '
            'pytorch_model.bin) elsewhere, copy it here and pass its path: '
            'model.weights=FILE with --cfg-options of the tools, weights=FILE '
            'in configs.') from e
    return path, state

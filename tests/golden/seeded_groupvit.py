"""Seeded GroupViT weights in two layouts, and inputs, for the stored arrays.

Values are drawn in the order of the authors' sorted names from one PCG64
stream per model, in float64, and rounded to float32.
"""
import re
from dataclasses import dataclass

import numpy as np
import torch


@dataclass(frozen=True)
class Spec:
    """Sizes of a GroupViT; defaults are those of the two-stage model."""
    embed_dim: int = 384
    num_heads: int = 6
    depths: tuple = (6, 3, 3)
    num_group_tokens: tuple = (64, 8, 0)
    num_output_groups: tuple = (64, 8)
    text_width: int = 256
    text_layers: int = 12
    output_dim: int = 256
    multi_label: bool = True  # has a temperature for noun prompts


_TINY = dict(embed_dim=48, num_heads=3, text_width=64, text_layers=2,
             output_dim=32)
SPECS = dict(
    two_stage=Spec(),
    one_stage=Spec(depths=(6, 6), num_group_tokens=(64, 0),
                   num_output_groups=(8, )),
    tiny_two_stage=Spec(depths=(2, 1, 1), num_group_tokens=(12, 5, 0),
                        num_output_groups=(12, 5), **_TINY),
    tiny_one_stage=Spec(depths=(2, 2), num_group_tokens=(12, 0),
                        num_output_groups=(5, ), multi_label=False, **_TINY))
# Each token's best two groups differ by more than float32 rounding.
SEEDS = dict.fromkeys(SPECS, 20220211)


# ------------------------------------------------------- names and shapes
def _linear(out_dim, in_dim, *kernel):
    return dict(weight=(out_dim, in_dim, *kernel), bias=(out_dim, ))


def _norm(dim):
    return dict(weight=(dim, ), bias=(dim, ))


def _mlp(in_dim, hidden, out_dim):
    return dict(fc1=_linear(hidden, in_dim), fc2=_linear(out_dim, hidden))


def _attention(dim):
    return {name: _linear(dim, dim)
            for name in ('q_proj', 'k_proj', 'v_proj', 'proj')}


def _projector(in_dim, out_dim):
    return dict(
        linear_hidden=[
            _linear(4096, in_dim, 1),
            dict(_norm(4096), running_mean=(4096, ), running_var=(4096, ),
                 num_batches_tracked=())],
        linear_out=_linear(out_dim, 4096, 1))


def _stage(spec, i):
    d, tokens = spec.embed_dim, spec.num_group_tokens[i]
    stage = dict(blocks=[
        dict(norm1=_norm(d), norm2=_norm(d), mlp=_mlp(d, 4 * d, d),
             attn=dict(qkv=_linear(3 * d, d), proj=_linear(d, d)))
        for _ in range(spec.depths[i])])
    if tokens:
        stage.update(group_token=(1, tokens, d), downsample=dict(
            mlp_inter=_mlp(tokens, d // 2, spec.num_output_groups[i]),
            norm_tokens=_norm(d), norm_post_tokens=_norm(d), norm_x=_norm(d),
            norm_new_x=_norm(d),
            pre_assign_attn=dict(
                attn=_attention(d), norm2=_norm(d), mlp=_mlp(d, 4 * d, d),
                norm_post=_norm(d)),
            assign=_attention(d), mlp_channels=_mlp(d, 4 * d, d)))
    if tokens and i:
        stage['group_projector'] = [
            _norm(d), _mlp(spec.num_group_tokens[i - 1], d // 2, tokens)]
    return stage


def _text_block(w):
    return dict(
        ln_1=_norm(w), ln_2=_norm(w),
        attn=dict(in_proj_weight=(3 * w, w), in_proj_bias=(3 * w, ),
                  out_proj=_linear(w, w)),
        mlp=dict(c_fc=_linear(4 * w, w), c_proj=_linear(w, 4 * w)))


def official_shapes(spec):
    """dict[str, tuple[int]]: Name in the authors' checkpoints -> shape."""
    d, w = spec.embed_dim, spec.text_width
    network = dict(
        img_encoder=dict(
            pos_embed=(1, 14 * 14, d), norm=_norm(d),
            patch_embed=dict(proj=_linear(d, 3, 16, 16), norm=_norm(d)),
            layers=[_stage(spec, i) for i in range(len(spec.depths))]),
        img_projector=_projector(d, spec.output_dim),
        text_encoder=dict(
            token_embedding=dict(weight=(49408, w)),
            positional_embedding=(77, w), ln_final=_norm(w),
            transformer=dict(resblocks=[_text_block(w)] * spec.text_layers)),
        text_projector=_projector(w, spec.output_dim),
        logit_scale=())
    if spec.multi_label:
        network['multi_label_logit_scale'] = ()
    return dict(_flatten(network))


def _flatten(part, name=''):
    if isinstance(part, tuple):
        yield name[1:], part
        return
    children = part.items() if isinstance(part, dict) else enumerate(part)
    for key, child in children:
        yield from _flatten(child, f'{name}.{key}')


# ------------------------------------------------------------------ values
CONSTANTS = {
    'logit_scale': np.float32(np.log(60.)),
    'multi_label_logit_scale': np.float32(np.log(20.)),
    'num_batches_tracked': np.int64(1000)}
NORM = r'(norm\w*|ln_\w+|group_projector\.0|linear_hidden\.1)\.weight'
SCALES = [  # the first matching pattern applies
    (r'running_var', .3),
    (r'linear_out\.bias', .02),
    (r'bias|running_mean', .1),
    (NORM, .1),
    (r'pos_embed', .3),
    (r'patch_embed\.proj\.weight', .05),
    (r'group_token', 1.),
    (r'token_embedding', .5),
    (r'positional_embedding', .2)]
GAINS = [  # of the other weights, over the root of their inputs
    (r'assign\.[qk]_proj', 2.),
    (r'(mlp_inter|group_projector\.1)\.fc2', 1.),
    (r'pre_assign_attn\.attn\.proj', .3),
    (r'attn\.(out_)?proj|fc2|c_proj', .7),
    (r'', 1.)]


def _find(table, name):
    return next((value for pattern, value in table
                 if re.search(pattern, name)), None)


def _draw(rng, name, shape):
    constant = CONSTANTS.get(name.rpartition('.')[2])
    if constant is not None:
        return np.array(constant)
    scale = _find(SCALES, name)
    if scale is None:
        scale = _find(GAINS, name) / shape[1]**.5
    value = rng.standard_normal(shape) * scale
    if 'running_var' in name:
        value = np.exp(value)
    elif re.search(NORM, name):
        value = 1 + value
    return value.astype(np.float32)


def _rng(seed):
    return np.random.Generator(np.random.PCG64(seed))


def official_weights(seed, spec):
    """dict[str, ndarray]: The authors' names -> values, sorted."""
    rng, shapes = _rng(seed), official_shapes(spec)
    return {name: _draw(rng, name, shapes[name]) for name in sorted(shapes)}


def checkpoint(seed, spec):
    """dict: The authors' checkpoint, ``{'model': state dict}``."""
    return dict(model={
        name: torch.from_numpy(value)
        for name, value in official_weights(seed, spec).items()})


def fingerprint(weights):
    """(names, 3) float64: sum, sum of squares and last value of each."""
    flat = (weights[name].astype(np.float64).ravel()
            for name in sorted(weights))
    return np.array([(x.sum(), np.square(x).sum(), x[-1]) for x in flat])


# ------------------------------------------------------------ Hugging Face
HUGGING_FACE = [  # applied in this order
    (r'^img_encoder\.norm', 'vision_model.layernorm'),
    (r'^img_encoder\.pos_embed',
     'vision_model.embeddings.position_embeddings'),
    (r'^img_encoder\.patch_embed\.proj',
     'vision_model.embeddings.patch_embeddings.projection'),
    (r'^img_encoder\.patch_embed\.norm', 'vision_model.embeddings.layernorm'),
    (r'^img_encoder\.layers', 'vision_model.encoder.stages'),
    (r'blocks\.(\d+)\.norm', r'layers.\1.layer_norm'),
    (r'blocks\.(\d+)\.attn\.qkv', r'layers.\1.self_attn.{}_proj'),
    (r'blocks\.(\d+)\.attn\.proj', r'layers.\1.self_attn.out_proj'),
    (r'blocks\.', 'layers.'),
    (r'pre_assign_attn\.attn\.proj', 'pre_assign_attn.attn.out_proj'),
    (r'^text_encoder\.transformer\.res', 'text_model.encoder.'),
    (r'^text_encoder\.ln_final', 'text_model.final_layer_norm'),
    (r'^text_encoder\.token', 'text_model.embeddings.token'),
    (r'^text_encoder\.positional_embedding',
     'text_model.embeddings.position_embedding.weight'),
    (r'attn\.in_proj_', 'self_attn.{}_proj.'),
    (r'layers\.(\d+)\.attn', r'layers.\1.self_attn'),
    (r'ln_([12])', r'layer_norm\1'),
    (r'c_fc', 'fc1'), (r'c_proj', 'fc2'),
    (r'^img_projector', 'visual_projection'),
    (r'^text_projector', 'text_projection'),
    (r'linear_hidden\.', ''), (r'linear_out', '3')]


def to_hf(weights, spec):
    """The same values under the names of ``GroupViTModel``.

    Queries, keys and values are separate there, the projectors are linear
    layers, and there is no second temperature.
    """
    renamed = {}
    for name, value in weights.items():
        if name == 'multi_label_logit_scale':
            continue
        if 'projector' in name and value.ndim == 3:
            value = value[..., 0]
        for pattern, new in HUGGING_FACE:
            name = re.sub(pattern, new, name)
        if '{}' in name:
            for part, third in zip('qkv', np.split(value, 3)):
                renamed[name.format(part)] = third
        else:
            renamed[name] = value
    return renamed


def hf_config_kwargs(spec):
    """dict: Arguments of ``GroupViTConfig``."""
    stages = len(spec.depths)
    return dict(
        projection_dim=spec.output_dim, projection_intermediate_dim=4096,
        vision_config=dict(
            hidden_size=spec.embed_dim, intermediate_size=4 * spec.embed_dim,
            num_attention_heads=spec.num_heads,
            num_hidden_layers=sum(spec.depths), depths=list(spec.depths),
            num_group_tokens=list(spec.num_group_tokens),
            num_output_groups=[  # that of the last stage is not used
                *spec.num_output_groups, spec.num_output_groups[-1]][:stages]),
        text_config=dict(
            hidden_size=spec.text_width,
            intermediate_size=4 * spec.text_width,
            num_attention_heads=spec.text_width // 64,
            num_hidden_layers=spec.text_layers, vocab_size=49408))


# ------------------------------------------------------------------ inputs
def seeded_image(height, width, seed):
    """(1, 3, H, W) float32, normalised: blocks of 32 pixels and noise."""
    rng = _rng(seed)
    blocks = rng.standard_normal((3, -(-height // 32), -(-width // 32)))
    blocks = blocks.repeat(32, 1).repeat(32, 2)[:, :height, :width]
    noise = rng.standard_normal((3, height, width))
    return (blocks + .3 * noise).astype(np.float32)[None]


def seeded_unit_vectors(count, dim, seed):
    """(count, dim) float32 in place of text embeddings."""
    vectors = _rng(seed).standard_normal((count, dim))
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / length).astype(np.float32)

"""CLIP's text transformer (arXiv 2103.00020, section 2.4) run on tokens."""
import torch
import torch.nn.functional as F

from .blocks import run_block, split_heads


def encode_tokens(tower, tokens):
    """Features of a causal text transformer at the end token.

    Args:
        tower (nn.Module): With ``token_embedding``, ``positional_embedding``,
            ``transformer.resblocks`` and ``ln_final``.
        tokens (Tensor): (N, L) int64; the end token is the largest number.

    Returns:
        Tensor: (N, C), before any projection.
    """
    # Text attends backwards: nothing behind the end token matters, and most
    # prompts are short.
    end = tokens.argmax(-1)
    tokens = tokens[:, :end.max() + 1]
    x = tower.token_embedding(tokens)
    x = x + tower.positional_embedding[:tokens.size(1)]  # (N, L, C)
    for block in tower.transformer.resblocks:
        x = run_block(block, x, is_causal=True)
    rows = torch.arange(len(x), device=x.device)
    return tower.ln_final(x)[rows, end]  # (N, C)


def encode_sorted_tokens(tower, tokens):
    """:func:`encode_tokens`, fast where neighbours begin alike.

    Text attends backwards, so that rows which begin with the same tokens have
    the same features there. All but the attention runs once for M different
    beginnings, on no padding: of COCO-Stuff's names in 80 templates on four
    of ten tokens.

    Args:
        tower (nn.Module): As for :func:`encode_tokens`.
        tokens (Tensor): (N, L) int64, best in lexicographic order; any order
            gives the same features.

    Returns:
        Tensor: (N, C), before any projection.
    """
    end = tokens.argmax(-1)
    length = int(end.max()) + 1
    tokens = tokens[:, :length]
    index, places = _beginnings(tokens, end)
    ends = torch.arange(len(end), device=end.device) * length + end  # (N,)
    x = tower.token_embedding(tokens.flatten()[places])
    x = x + tower.positional_embedding[places % length]  # (M, C)
    blocks = tower.transformer.resblocks
    for block in blocks:
        attn = block.attn
        qkv = F.linear(block.ln_1(x), attn.in_proj_weight, attn.in_proj_bias)
        q, k, v = (split_heads(part, attn.num_heads)  # (M, 3C) -> (N, L, 3C)
                   for part in qkv[index].chunk(3, -1))
        out = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        out = out.transpose(1, 2).flatten(2).flatten(0, 1)  # (N * L, C)
        if block is blocks[-1]:  # nobody attends to its other tokens
            x, places = x[index.flatten()[ends]], ends
        x = x + block.ls_1(attn.out_proj(out[places]))
        x = x + block.ls_2(block.mlp(block.ln_2(x)))
    return tower.ln_final(x)


def _beginnings(tokens, end):
    """The different beginnings of rows.

    Args:
        tokens (Tensor): (N, L) int64.
        end (Tensor): (N, ), position of the end token.

    Returns:
        tuple[Tensor]: (N, L), which beginning stops at each token, any behind
        the end; (M, ), where each is first in ``tokens.flatten()``.
    """
    is_new = torch.arange(tokens.size(1), device=end.device) <= end[:, None]
    is_new[1:] &= (tokens[1:] != tokens[:-1]).cumsum(1) > 0
    places = is_new.flatten().nonzero()[:, 0]
    index = torch.zeros_like(tokens)
    index[is_new] = torch.arange(len(places), device=end.device)
    # What is not new is that of the row above.
    return index.cummax(0).values, places

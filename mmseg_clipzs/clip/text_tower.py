"""Forward pass of CLIP's text transformer (arXiv 2103.00020, section 2.4)."""
import torch

from .attention import attend
from .blocks import (
    feed_forward,
    project,
    project_out,
    run_block,
    split_heads,
)


def encode_tokens(tower, tokens):
    """Features of the end-of-text tokens.

    Args:
        tower (nn.Module): With ``token_embedding``, ``positional_embedding``,
            ``transformer.resblocks`` and ``ln_final``.
        tokens (Tensor): (N, L) int64; the end-of-text token has the largest
            id.

    Returns:
        Tensor: (N, C), before any projection.
    """
    # Attention is causal, so nothing after the end-of-text token matters;
    # most prompts are short.
    end = tokens.argmax(-1)
    tokens = tokens[:, :end.max() + 1]
    x = tower.token_embedding(tokens)
    x = x + tower.positional_embedding[:tokens.size(1)]  # (N, L, C)
    for block in tower.transformer.resblocks:
        x = run_block(block, x, is_causal=True)
    rows = torch.arange(len(x), device=x.device)
    return tower.ln_final(x)[rows, end]  # (N, C)


def encode_sorted_tokens(tower, tokens):
    """:func:`encode_tokens`, computing shared prefixes once.

    Attention is causal, so texts with a common prefix have the same features
    there. Everything but the attention itself runs on the M distinct prefixes
    and skips padding: four of ten tokens for COCO-Stuff's names in 80
    templates.

    Args:
        tower (nn.Module): As for :func:`encode_tokens`.
        tokens (Tensor): (N, L) int64; fastest in lexicographic order, the
            result is the same in any.

    Returns:
        Tensor: (N, C), before any projection.
    """
    end = tokens.argmax(-1)
    length = int(end.max()) + 1
    tokens = tokens[:, :length]
    index, places = _prefixes(tokens, end)
    ends = torch.arange(len(end), device=end.device) * length + end  # (N,)
    x = tower.token_embedding(tokens.flatten()[places])
    x = x + tower.positional_embedding[places % length]  # (M, C)
    blocks = tower.transformer.resblocks
    for block in blocks:
        qkv = project(block, block.ln_1(x), 'qkv')[index]
        q, k, v = (split_heads(part, block.attn.num_heads)
                   for part in qkv.chunk(3, -1))  # (M, 3C) -> (N, L, 3C)
        out = attend(q, k, v, is_causal=True)
        out = out.transpose(1, 2).flatten(2).flatten(0, 1)  # (N * L, C)
        if block is blocks[-1]:  # only the end-of-text tokens are needed
            x, places = x[index.flatten()[ends]], ends
        x = feed_forward(block, project_out(block, out[places], x))
    return tower.ln_final(x)


def _prefixes(tokens, end):
    """Distinct prefixes of consecutive rows.

    Args:
        tokens (Tensor): (N, L) int64.
        end (Tensor): (N,), position of the end-of-text token.

    Returns:
        tuple[Tensor]: (N, L), index of the prefix that ends at each token,
        arbitrary after the end-of-text token; (M,), position in
        ``tokens.flatten()`` where each prefix first ends.
    """
    is_new = torch.arange(tokens.size(1), device=end.device) <= end[:, None]
    is_new[1:] &= (tokens[1:] != tokens[:-1]).cumsum(1) > 0
    places = is_new.flatten().nonzero()[:, 0]
    index = torch.zeros_like(tokens)
    index[is_new] = torch.arange(len(places), device=end.device)
    # Prefixes that are not new belong to the row above.
    return index.cummax(0).values, places

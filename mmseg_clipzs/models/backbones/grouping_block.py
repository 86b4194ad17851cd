"""Grouping block of GroupViT (arXiv 2202.11094, section 3.1, eq. 3 to 7)."""
from collections import OrderedDict

import torch
from torch import nn

from mmseg_clipzs.clip.attention import attend
from mmseg_clipzs.clip.blocks import split_heads
from mmseg_clipzs.products import run_layer, run_mlp


def mlp(in_dims, hidden_dims, out_dims):
    """Linear, GELU, Linear."""
    return nn.Sequential(OrderedDict(
        fc1=nn.Linear(in_dims, hidden_dims), act=nn.GELU(),
        fc2=nn.Linear(hidden_dims, out_dims)))


def mix_tokens(layers, tokens):
    """Apply an :func:`mlp` along the tokens, as in MLP-Mixer.

    (N, T, C) -> (N, T', C)
    """
    return run_mlp(layers, tokens.transpose(1, 2)).transpose(1, 2)


def choose_groups(logits, noisy=False, tau=1.):
    """Hard (Gumbel-)softmax over groups with straight-through gradients.

    Equations 5 and 6.

    Args:
        logits (Tensor): (N, G, S), similarity of groups and segments.
        noisy (bool): Add Gumbel(0, 1) noise.
        tau (float): Temperature.

    Returns:
        Tensor: (N, G, S), one-hot over the groups; a tie goes to the first.
    """
    if noisy:
        logits = logits - torch.empty_like(logits).exponential_().log()
    soft = (logits / tau).softmax(1)
    hard = torch.zeros_like(soft).scatter_(1, soft.argmax(1, True), 1.)
    return hard - soft.detach() + soft


class CrossAttention(nn.Module):
    """Transformer block in which group tokens attend to segments."""

    def __init__(self, embed_dims, num_heads):
        super().__init__()
        self.num_heads = num_heads
        self.q_proj, self.k_proj, self.v_proj, self.proj = (
            nn.Linear(embed_dims, embed_dims) for _ in range(4))
        self.norm2 = nn.LayerNorm(embed_dims)
        self.mlp = mlp(embed_dims, 4 * embed_dims, embed_dims)
        self.norm_post = nn.LayerNorm(embed_dims)

    def forward(self, tokens, segments):
        """(N, G, C) and (N, S, C) -> (N, G, C)."""
        q, k, v = (
            split_heads(run_layer(layer, x), self.num_heads) for layer, x in
            ((self.q_proj, tokens), (self.k_proj, segments),
             (self.v_proj, segments)))
        out = attend(q, k, v)
        tokens = run_layer(self.proj, out.transpose(1, 2).flatten(2), tokens)
        tokens = run_mlp(self.mlp, self.norm2(tokens), tokens)
        return self.norm_post(tokens)


class AssignAttention(nn.Module):
    """Assigns each segment to one group and averages each group's segments.

    Args:
        embed_dims (int): Width C.
        gumbel (bool): Add Gumbel noise in training.
        tau (float): Temperature of the assignment in training.
    """

    def __init__(self, embed_dims, gumbel=True, tau=1.):
        super().__init__()
        self.q_proj, self.k_proj, self.v_proj, self.proj = (
            nn.Linear(embed_dims, embed_dims) for _ in range(4))
        self.gumbel = gumbel
        self.tau = tau

    def forward(self, groups, segments):
        """Assign segments to groups.

        Args:
            groups (Tensor): (N, G, C).
            segments (Tensor): (N, S, C).

        Returns:
            tuple[Tensor]: Updates of the groups (N, G, C) and the soft
            assignment (N, G, S), without noise and normalised over groups.
        """
        q, k, v = (run_layer(layer, x) for layer, x in (
            (self.q_proj, groups), (self.k_proj, segments),
            (self.v_proj, segments)))
        logits = q @ k.transpose(1, 2) * q.size(-1)**-0.5  # (N, G, S)
        # The assignment is hard in evaluation, too.
        hard = choose_groups(logits, self.training and self.gumbel,
                             self.tau if self.training else 1.)
        # As in the authors' code, the divisor is the segment count plus 1.
        out = hard @ v / (hard.sum(-1, keepdim=True) + 1)
        return run_layer(self.proj, out), logits.softmax(1)


class GroupingBlock(nn.Module):
    """Merges segments into fewer, larger ones, one per group.

    Args:
        embed_dims (int): Width C.
        num_heads (int): Heads of the cross-attention.
        num_group_tokens (int): Group tokens T of the stage.
        num_output_groups (int): Output segments G.
        gumbel, tau: As for :class:`AssignAttention`.
    """

    def __init__(self, embed_dims, num_heads, num_group_tokens,
                 num_output_groups, gumbel=True, tau=1.):
        super().__init__()
        self.norm_tokens = nn.LayerNorm(embed_dims)
        self.mlp_inter = mlp(
            num_group_tokens, embed_dims // 2, num_output_groups)
        self.norm_post_tokens = nn.LayerNorm(embed_dims)
        self.norm_x = nn.LayerNorm(embed_dims)
        self.pre_assign_attn = CrossAttention(embed_dims, num_heads)
        self.assign = AssignAttention(embed_dims, gumbel, tau)
        self.norm_new_x = nn.LayerNorm(embed_dims)
        self.mlp_channels = mlp(embed_dims, 4 * embed_dims, embed_dims)

    def forward(self, x, group_tokens):
        """Group segments.

        Args:
            x (Tensor): (N, S, C) segments.
            group_tokens (Tensor): (N, T, C).

        Returns:
            tuple[Tensor]: Output segments (N, G, C) and the soft assignment
            (N, G, S).
        """
        groups = mix_tokens(self.mlp_inter, self.norm_tokens(group_tokens))
        x = self.norm_x(x)
        groups = self.pre_assign_attn(self.norm_post_tokens(groups), x)
        new_x, assignment = self.assign(groups, x)
        new_x = new_x + groups
        new_x = run_mlp(self.mlp_channels, self.norm_new_x(new_x), new_x)
        return new_x, assignment

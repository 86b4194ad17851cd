import pytest
import torch

from mmseg_clipzs.clip import get_templates
from mmseg_clipzs.clip.text_tower import encode_sorted_tokens, encode_tokens

WORDS = ['aeroplane', 'bicycle', 'dining table', 'person', 'tv monitor']


def _max_difference(a, b):
    return (torch.as_tensor(a) - torch.as_tensor(b)).abs().max().item()


def _random_tokens(seed):
    """(60, 12): 60 texts of up to 10 tokens, many with common prefixes."""
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.randint(1, 4, (60, 12), generator=generator)
    end = torch.randint(1, 12, (60, ), generator=generator)
    tokens[:, 0] = 10
    tokens[torch.arange(60), end] = 11
    return tokens.masked_fill(torch.arange(12) > end[:, None], 0)


@torch.no_grad()
@pytest.mark.parametrize('is_sorted', [True, False])
@pytest.mark.parametrize('seed', range(3))
def test_shared_prefixes(tiny, seed, is_sorted):
    tokens = _random_tokens(seed)
    if is_sorted:
        tokens = torch.unique(tokens, dim=0)
    want = encode_tokens(tiny.model, tokens)
    assert _max_difference(
        encode_sorted_tokens(tiny.model, tokens), want) < 1e-5
    tokens[tokens == 0] = 2  # tokens after the end are ignored
    assert _max_difference(
        encode_sorted_tokens(tiny.model, tokens), want) < 1e-5


@torch.no_grad()
def test_each_prefix_is_computed_once(tiny):
    tokens = torch.unique(tiny.tokenizer(
        [t.format(word) for t in get_templates('imagenet80')
         for word in WORDS]), dim=0)
    prefixes = {tuple(row[:i]) for row in tokens.tolist()
                  for i in range(1, row.index(max(row)) + 2)}
    counts, blocks = [], tiny.model.transformer.resblocks
    handles = [block.mlp.register_forward_hook(
        lambda mlp, inputs, out: counts.append(len(out))) for block in blocks]
    encode_sorted_tokens(tiny.model, tokens)
    for handle in handles:
        handle.remove()
    assert counts == [len(prefixes), len(tokens)]

"""Meters: operations and time."""
import itertools

import pytest
import torch
import torch.nn.functional as F
from tiny_vit_flop import EMBED, vit_flop
from torch import nn

from mmseg_clipzs.benchmark import meters

pytestmark = pytest.mark.usefixtures('one_thread')


@pytest.mark.parametrize('test_cfg, windows, patches', [
    (dict(mode='whole'), 1, 4 * 6),
    (dict(mode='slide', crop_size=(32, 48), stride=(32, 24)), 6, 2 * 3)])
def test_operations_of_a_vision_transformer(
        zero_shot, test_cfg, windows, patches):
    model = zero_shot(vocabulary='cat; dog; sun, moon', test_cfg=test_cfg,
                      backbone=dict(type='ClipViT', last_block='clip'))
    parts = dict(backbone=model.backbone, head=model.decode_head)
    with torch.no_grad(), meters.flop_counter() as counter, (
            meters.watch(parts, counter.get_total_flops)) as spent:
        model.predict(torch.randn(1, 3, 64, 96))
    assert spent['backbone'] == windows * vit_flop(patches)
    assert spent['head'] == windows * 2 * patches * EMBED * 4


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
@pytest.mark.parametrize('masked', [False, True])
def test_operations_of_attention_and_a_layer(dtype, masked):
    q, k = torch.randn(2, 3, 10, 16), torch.randn(2, 3, 7, 16)
    mask = torch.zeros(10, 7, dtype=dtype) if masked else None
    with torch.no_grad(), meters.flop_counter() as counter:
        F.scaled_dot_product_attention(
            q.to(dtype), k.to(dtype), k.to(dtype), attn_mask=mask)
        assert counter.get_total_flops() == 4 * 2 * 3 * 10 * 7 * 16
        nn.Linear(16, 5, dtype=dtype)(q.to(dtype))
    assert counter.get_total_flops() == (
        4 * 2 * 3 * 10 * 7 * 16 + 2 * 2 * 3 * 10 * 16 * 5)


def test_watch_sums_up_calls_and_leaves_nothing():
    first, second, unused = nn.Identity(), nn.Linear(2, 2), nn.Identity()
    parts = dict(first=first, second=second, unused=unused)
    meter = itertools.count().__next__  # grows by 1 at each reading
    with meters.watch(parts, meter) as spent:
        first(first(torch.ones(1)))
        second.forward(torch.ones(2))  # as mmseg's heads do
    assert spent == dict(first=2, second=1)
    with pytest.raises(RuntimeError), meters.watch(parts, meter):
        second(torch.ones(3))
    assert not any('forward' in vars(module) for module in parts.values())

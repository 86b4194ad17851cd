"""DeepLabV2Head and the ASPPHead that predicts the same."""
import copy

import pytest
import torch
from mmseg.registry import MODELS

from mmseg_clipzs.export.stock_head import stock_head, stock_head_weights
from mmseg_clipzs.utils import UserError

HEAD = dict(
    type='DeepLabV2Head', in_channels=8, in_index=0, channels=6, num_classes=3,
    dropout_ratio=0, align_corners=False)
BN = dict(type='BN', requires_grad=True)


def trained(cfg):
    """A head with random weights and statistics, in evaluation mode."""
    torch.manual_seed(0)
    head = MODELS.build(copy.deepcopy(cfg)).eval()
    for key, value in head.state_dict().items():
        if value.is_floating_point():
            value.uniform_(0.5, 2) if 'var' in key else value.normal_()
    return head


@pytest.mark.parametrize('settings', [
    dict(norm_cfg=BN),
    dict(norm_cfg=dict(BN, eps=1e-2)),
    dict(norm_cfg=None),
    dict(norm_cfg=BN, dilations=(1, 2, 3)),
    dict(norm_cfg=BN, dilations=(6, 12, 18, 24), in_channels=[4, 8],
         in_index=[0, 1], input_transform='resize_concat')])
def test_the_same_scores(settings):
    cfg = {**HEAD, **settings}
    ours = trained(cfg)
    given = copy.deepcopy(cfg)
    stock_cfg = stock_head(cfg)
    assert cfg == given and stock_cfg['type'] == 'ASPPHead'
    stock = MODELS.build(stock_cfg).eval()
    stock.load_state_dict(
        stock_head_weights(ours.state_dict(), cfg), strict=True)
    stages = [torch.randn(2, 8, 30, 28)] if settings.get(
        'in_index') is None else [
            torch.randn(2, 4, 30, 28), torch.randn(2, 8, 15, 14)]
    with torch.no_grad():
        want, got = ours(stages), stock(stages)
    assert want.std() > 1
    torch.testing.assert_close(got, want, atol=1e-4, rtol=1e-5)


def test_other_heads_stay():
    cfg = dict(HEAD, type='FCNHead')
    weights = {'conv_seg.weight': torch.ones(1)}
    assert stock_head(cfg) is cfg
    assert stock_head_weights(weights, cfg) is weights


@pytest.mark.parametrize('settings, message', [
    (dict(norm_cfg=dict(type='GN', num_groups=2)), 'Conv2d, GN and ReLU'),
    (dict(norm_cfg=BN, act_cfg=dict(type='GELU')), 'Conv2d, BN and GELU'),
    (dict(norm_cfg=BN, conv_cfg=dict(type='ConvWS')), 'ConvWS, BN and ReLU')])
def test_what_stock_mmseg_cannot_express(settings, message):
    with pytest.raises(UserError, match=message):
        stock_head({**HEAD, **settings})

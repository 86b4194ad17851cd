"""DeepLabV2Head against its equation in plain torch."""
import pytest
import torch
import torch.nn.functional as F
from mmseg.registry import MODELS

DILATIONS = (6, 12, 18, 24)


@pytest.fixture
def head():
    """A head with trained-looking norms, and features of a stage."""
    torch.manual_seed(0)
    head = MODELS.build(dict(
        type='DeepLabV2Head', in_channels=8, in_index=1, channels=6,
        num_classes=3, dropout_ratio=0, align_corners=False,
        norm_cfg=dict(type='BN', requires_grad=True)))
    for norm in (module.bn for module in head.aspp_modules):
        for values in (norm.weight, norm.bias, norm.running_mean):
            torch.nn.init.normal_(values)
        torch.nn.init.uniform_(norm.running_var, 0.5, 2)
    torch.nn.init.normal_(head.conv_seg.weight)
    return head


@pytest.fixture
def stages():
    return [torch.randn(2, 4, 60, 56), torch.randn(2, 8, 30, 28)]


def plain(state, x, training):
    """The same in plain torch, from a state dict."""
    total = 0
    for branch, dilation in enumerate(DILATIONS):
        key = f'aspp_modules.{branch}.'
        maps = F.conv2d(x, state[f'{key}conv.weight'], None, padding=dilation,
                        dilation=dilation)
        maps = F.batch_norm(
            maps, state[f'{key}bn.running_mean'].clone(),
            state[f'{key}bn.running_var'].clone(), state[f'{key}bn.weight'],
            state[f'{key}bn.bias'], training, eps=1e-5)
        total = total + maps.clamp(min=0)
    return F.conv2d(total, state['conv_seg.weight'], state['conv_seg.bias'])


@pytest.mark.parametrize('training', [True, False])
def test_equals_its_equation(head, stages, training):
    state = {key: value.clone() for key, value in head.state_dict().items()}
    scores = head.train(training)(stages)
    assert scores.shape == (2, 3, 30, 28)
    torch.testing.assert_close(scores, plain(state, stages[1], training))


def test_no_other_parameters(head):
    assert {name.split('.')[0] for name, _ in head.named_parameters()} == {
        'aspp_modules', 'conv_seg'}
    assert [module.conv.kernel_size for module in head.aspp_modules] == (
        [(3, 3)] * 4)

import torch
from mmseg.registry import OPTIM_WRAPPERS


def test_products_in_bfloat16_weights_in_float32():
    torch.manual_seed(0)
    layer = torch.nn.Linear(4, 3)
    wrapper = OPTIM_WRAPPERS.build(dict(
        type='Bfloat16OptimWrapper',
        optimizer=torch.optim.SGD(layer.parameters(), .1)))
    with wrapper.optim_context(layer):
        out = layer(torch.ones(2, 4))
    assert out.dtype == torch.bfloat16
    assert layer(torch.ones(2, 4)).dtype == torch.float32
    before = layer.weight.detach().clone()
    wrapper.update_params(out.float().sum())
    assert layer.weight.dtype == torch.float32
    # d sum(out) / d weight = 2 for two rows of ones.
    torch.testing.assert_close(layer.weight, before - .1 * 2)

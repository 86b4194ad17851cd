"""Linear layers of every library, against float64."""
import copy

import pytest
import torch
import torch.nn.functional as F
from mmengine.config import Config
from open_clip.transformer import QuickGELU
from torch import nn

from mmseg_clipzs import products
from mmseg_clipzs.run.prepare import choose_products
from mmseg_clipzs.utils import UserError

ACTIVATIONS = {None: lambda x: x, 'gelu': F.gelu, 'silu': F.silu}


@pytest.fixture(autouse=True)
def _leave_nothing(monkeypatch):
    monkeypatch.delenv(products.VARIABLE, raising=False)
    yield
    products.use()
    products.libraries.cache_clear()


def _mlp(activation, dtype=torch.float32, bias=True):
    layers = nn.Sequential(nn.Linear(24, 96, bias), activation,
                           nn.Linear(96, 24, bias)).to(dtype)
    with torch.no_grad():  # values of both signs, of the size of CLIP's
        for parameter in layers.parameters():
            parameter.mul_(3)
    return layers


def _close(got, want, dtype, scale=1.):
    """Within the rounding of a dtype, of values of some size."""
    assert got.dtype == dtype
    tolerance = 4e-6 if dtype == torch.float32 else 2e-2
    torch.testing.assert_close(
        got.double(), want, rtol=tolerance, atol=tolerance * scale)


# ----------------------------------------------------------------- equality
@torch.no_grad()
@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
@pytest.mark.parametrize('activation', ACTIVATIONS)
@pytest.mark.parametrize('has_residual', [False, True])
def test_linear(library, dtype, activation, has_residual):
    x, weight, bias, residual = (torch.randn(shape).to(dtype) for shape in (
        (2, 7, 40), (24, 40), (24, ), (2, 7, 24)))
    for b in (bias, None):
        want = ACTIVATIONS[activation](F.linear(
            x.double(), weight.double(), None if b is None else b.double()))
        if has_residual:
            want = want + residual.double()
        before = x.clone(), residual.clone()
        got = products.linear(x, weight, b, activation,
                              residual if has_residual else None)
        _close(got, want, dtype, scale=40)
        assert torch.equal(x, before[0]) and torch.equal(residual, before[1])


@torch.no_grad()
def test_linear_of_a_transformer_is_as_exact_as_float32(library):
    x, weight = torch.randn(197, 768), torch.randn(256, 768) * 768**-.5
    error = products.linear(x, weight).double() - (
        x.double() @ weight.double().T)
    assert error.abs().max() < 1e-5  # 'medium' precision: 1e-2


@torch.no_grad()
def test_tensors_with_strides_and_few_dimensions(library):
    x, weight = torch.randn(3, 16, 9), torch.randn(40, 33)
    x, w, bias = x.transpose(1, 2), weight[:, 2:34:2], weight[:, 1]
    residual = torch.randn(40, 3, 9).permute(1, 2, 0)
    want = x @ w.T + bias
    for part in (slice(None), slice(0, 0)):
        torch.testing.assert_close(
            products.linear(x[part], w, bias, None, residual[part]),
            want[part] + residual[part], rtol=0, atol=2e-5)
    torch.testing.assert_close(
        products.linear(x[0, 0], w, bias), want[0, 0], rtol=0, atol=2e-5)
    torch.testing.assert_close(  # as visual.proj
        products.linear(x, w.T.contiguous().T, bias), want, rtol=0, atol=2e-5)


@torch.no_grad()
@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
@pytest.mark.parametrize('activation', [nn.GELU(), QuickGELU()])
@pytest.mark.parametrize('bias', [True, False])
def test_mlp(library, dtype, activation, bias):
    layers, x = _mlp(activation, dtype, bias), torch.randn(2, 7, 24).to(dtype)
    want = copy.deepcopy(layers).double()(x.double())
    state = copy.deepcopy(layers.state_dict())
    _close(products.run_mlp(layers, x), want, dtype, scale=10)
    _close(products.run_mlp(layers, x, x), want + x.double(), dtype, scale=10)
    assert all(torch.equal(value, state[key])
               for key, value in layers.state_dict().items())


# ---------------------------------------------------------------- fall-backs
def _refuse(*args, **kwargs):
    raise AssertionError('a library of its own')


@pytest.fixture
def plain(monkeypatch):
    """Only plain functions of PyTorch may run."""
    for name in products.LIBRARIES:
        monkeypatch.setitem(products.LIBRARIES, name, _refuse)
    monkeypatch.setattr(products, '_torch', _refuse)


def test_gradients(plain):
    layers, x = _mlp(QuickGELU()), torch.randn(2, 7, 24, requires_grad=True)
    want = torch.autograd.grad(
        (x + layers(x)).square().sum(), [x, *layers.parameters()])
    got = torch.autograd.grad(
        products.run_mlp(layers, x, x).square().sum(),
        [x, *layers.parameters()])
    assert all(map(torch.equal, got, want))
    layer = layers[0]
    products.run_layer(layer, x, torch.zeros(96)).sum().backward()
    assert layer.weight.grad is not None and x.grad is not None
    products.linear(x, layer.weight, layer.bias, 'silu').sum().backward()


@pytest.mark.parametrize('frozen', [False, True])
def test_gradients_of_some(frozen):
    """A frozen layer in training, and a trained one in inference."""
    layers = _mlp(nn.GELU()).requires_grad_(not frozen)
    x = torch.randn(2, 24, requires_grad=frozen)
    with torch.set_grad_enabled(frozen):
        got = products.run_mlp(layers, x, x)
    assert got.requires_grad == frozen
    torch.testing.assert_close(got, x + layers(x))


@torch.no_grad()
def test_autocast_float16_and_other_devices(plain):
    layers, x = _mlp(nn.GELU()), torch.randn(2, 24)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        assert products.run_layer(layers[0], x).dtype == torch.bfloat16
    half = products.run_layer(layers[0].half(), x.half())
    assert half.dtype == torch.float16
    meta = products.run_mlp(_mlp(nn.GELU()).to('meta'), x.to('meta'))
    assert meta.is_meta and meta.shape == x.shape


class _Wrapped(torch.Tensor):
    """A subclass, as quantised weights are."""


@torch.no_grad()
def test_subclasses_of_tensors(plain):
    layer, x = nn.Linear(24, 5), torch.randn(2, 24)
    want = layer(x)
    layer.weight = nn.Parameter(
        layer.weight.as_subclass(_Wrapped), requires_grad=False)
    assert torch.equal(products.run_layer(layer, x), want)


@torch.no_grad()
def test_tracing_and_export(library):
    layers, x = _mlp(QuickGELU()).eval().requires_grad_(False), torch.randn(
        3, 24)

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = layers

        def forward(self, x):
            return products.run_mlp(self.layers, x, x)

    for made in (torch.jit.trace(Model(), x[:2]),
                 torch.export.export(Model(), (x, )).module()):
        assert 'mkldnn' not in str(made.graph)
        torch.testing.assert_close(made(x[:2] if hasattr(
            made, 'code_with_constants') else x).sum(-1)[:2],
            (x + layers(x)).sum(-1)[:2], rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_hooks_and_other_modules_are_called(library):
    layers, x, seen = _mlp(QuickGELU()), torch.randn(2, 24), []
    want = layers(x)
    for module in (layers, *layers):
        handle = module.register_forward_hook(
            lambda module, args, out: seen.append(module))
        products.run_mlp(layers, x, x)
        handle.remove()
        assert seen.pop() is module and not seen
    layers[0].forward = lambda x: want.new_zeros(2, 96)
    torch.testing.assert_close(products.run_mlp(layers, x), layers(x))
    del layers[0].forward
    for other in (nn.Sequential(*layers, nn.Dropout(0.)), layers[0],
                  nn.Sequential(layers[0], nn.ReLU(), layers[2]),
                  nn.Sequential(layers[0], nn.GELU('tanh'), layers[2])):
        torch.testing.assert_close(products.run_mlp(other, x), other(x))
    layer = nn.utils.parametrizations.weight_norm(nn.Linear(24, 24))
    torch.testing.assert_close(products.run_layer(layer, x, x), x + layer(x))


# -------------------------------------------------------------------- choice
def test_another_activation_of_that_name():
    kind = type('QuickGELU', (nn.Module, ), dict(
        forward=lambda self, x: x.relu()))
    layers, x = _mlp(kind()).requires_grad_(False), torch.randn(2, 24)
    assert torch.equal(products.run_mlp(layers, x), layers(x))


def test_private_operator_is_there():
    """Fails where PyTorch has dropped or changed the operator of oneDNN."""
    if not torch.backends.mkldnn.is_available():
        pytest.skip('this PyTorch has no oneDNN')
    assert products.libraries() == ('torch', 'onednn')


@pytest.mark.parametrize('replacement', [None, lambda *args: torch.ones(1)])
def test_without_the_private_operator(monkeypatch, replacement):
    """PyTorch's own layers run where it is gone or changed."""
    class Operators:
        pass

    if replacement:
        Operators._linear_pointwise = replacement
    monkeypatch.setattr(torch.ops, 'mkldnn', Operators)
    products.libraries.cache_clear()
    monkeypatch.setattr(products, '_faster', {})
    assert products.libraries() == ('torch', )
    assert products.chosen() == products.chosen(torch.bfloat16) == 'torch'
    with torch.no_grad():
        products.run_mlp(_mlp(nn.GELU()), torch.randn(2, 24))
    with pytest.raises(UserError, match=r'products=onednn is not possible'):
        products.use('onednn')


def test_choice(monkeypatch):
    monkeypatch.setattr(products, '_faster', {})
    state = torch.get_rng_state()
    first = products.chosen()
    assert first in products.libraries()
    assert torch.equal(torch.get_rng_state(), state)
    monkeypatch.setattr(products, '_time', _refuse)  # measured once
    assert products.chosen() == first
    monkeypatch.setattr(products, '_faster', {})
    monkeypatch.setattr(products, '_time', lambda: dict(torch=1.3, onednn=1.))
    assert products.chosen() == products.libraries()[-1]
    monkeypatch.setattr(products, '_faster', {})
    monkeypatch.setattr(products, '_time', lambda: dict(torch=1.1, onednn=1.))
    assert products.chosen() == 'torch'  # near a tie


@pytest.mark.parametrize('name', ['torch', *products.libraries()])
def test_variable_and_config(monkeypatch, name):
    monkeypatch.setenv(products.VARIABLE, name)
    assert products.chosen() == name
    monkeypatch.setenv(products.VARIABLE, 'torch')
    choose_products(Config(dict(env_cfg=dict(products=name))))
    assert products.chosen() == name  # before the variable
    choose_products(Config(dict(env_cfg=dict())))
    assert products.chosen() == name
    products.use()
    assert products.chosen() == 'torch'


def test_unknown_names(monkeypatch):
    with pytest.raises(UserError, match="products='onedn' is unknown; choose "
                       'one of auto, torch, onednn. Did you mean onednn'):
        products.use('onedn')
    monkeypatch.setenv(products.VARIABLE, 'fast')
    for ask in (products.chosen, lambda: choose_products(Config())):
        with pytest.raises(UserError, match="MMSEG_CLIPZS_PRODUCTS='fast' is"):
            ask()
    monkeypatch.setenv(products.VARIABLE, '')
    products.check_variable()

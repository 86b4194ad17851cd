"""The reference matrix product."""
import pytest
import torch
from tiny_vit_flop import WIDTH
from torch import nn

from mmseg_clipzs import products
from mmseg_clipzs.benchmark import product as module
from mmseg_clipzs.benchmark.product import Product, Products, find_product

pytestmark = pytest.mark.usefixtures('one_thread')


def test_product_of_a_vision_transformer(zero_shot):
    model = zero_shot(vocabulary='cat; dog', test_cfg=dict(
        mode='slide', crop_size=(32, 48), stride=(32, 24), window_batch=4))
    with torch.no_grad(), find_product(
            model.backbone) as product:
        model.predict(torch.randn(1, 3, 64, 96))  # 4 + 2 windows
    assert product()[:4] == (4 * (1 + 6), WIDTH, 4 * WIDTH, torch.float32)
    assert product().of == 'linear'
    assert product().gflop == 2 * 28 * 64 * 256 / 1e9
    assert {len(each) for each in product().time().values()} == {3}
    backbone = model.backbone.bfloat16()
    with torch.no_grad(), find_product(backbone) as product:
        backbone(torch.randn(1, 3, 32, 32, dtype=torch.bfloat16))
    assert product().dtype == torch.bfloat16


def test_product_without_a_linear_layer():
    backbone = nn.Conv2d(3, 4, 3)
    with find_product(backbone) as product:
        backbone(torch.ones(1, 3, 8, 8))
    assert product()[:3] == (2048, 2048, 2048)
    assert product().of == 'square'


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_all_libraries_compute_the_product(dtype):
    x, weight = torch.randn(6, 32).to(dtype), torch.randn(16, 32).to(dtype)
    expected = x.double() @ weight.double().T
    ways = module._ways(x, weight)
    assert list(ways)[:len(products.libraries(dtype))] == list(
        products.libraries(dtype))
    for run in ways.values():
        assert (run().double() - expected).abs().max() < 64 * torch.finfo(
            dtype).eps


def test_the_best_library_is_the_reference(monkeypatch):
    timed = Products(Product(5, 6, 7, torch.float32, 'cpu', 'linear'))
    for times in (dict(torch=[2e-9], packed=[1e-9, 3e-9]),
                  dict(torch=[3e-9, 4e-9], packed=[2e-9])):
        monkeypatch.setattr(Product, 'time', lambda self, t=times: t)
        timed.time()
    report = timed.report()
    assert report['library'] == 'packed'
    assert report['seconds']['torch'] == [2e-9, 3e-9, 4e-9]
    assert report['gflop_per_second'] == pytest.approx(
        dict(torch=2 * 5 * 6 * 7 / 3, packed=2 * 5 * 6 * 7 / 2))

"""What devices compute."""
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from plain_vit import PlainViT

from mmseg_clipzs.clip import load_clip
from mmseg_clipzs.doctor import devices
from mmseg_clipzs.doctor.devices import (
    check_devices,
    check_image_tower,
    product_error,
)
from mmseg_clipzs.doctor.plain_vit import dense_features
from mmseg_clipzs.models.backbones import ClipViT


def test_the_cpu_is_right():
    cpu = next(check_devices())
    assert cpu.checked == 'cpu' and cpu.verdict != 'WRONG'
    assert 'float32' in cpu.found
    finding = check_image_tower('cpu')
    assert finding.verdict == 'ok', finding


def test_two_plain_implementations():
    """NumPy's and that of the tests, which has no batches or arrays."""
    state = load_clip('toy-vit-p8', pretrained='toy').model.state_dict()
    image = np.random.default_rng(1).standard_normal((3, 64, 64))
    got = dense_features({name: value.numpy() for name, value in
                          state.items()}, image, 5)
    plain = PlainViT({name: value.double() for name, value in
                      state.items()}, 5, 8, 8)
    plain.activation = F.gelu
    x = plain.tokens(torch.from_numpy(image), 'exact')
    for i in range(5):
        x = plain.block(x, f'visual.transformer.resblocks.{i}')
    x = plain.block(x, 'visual.transformer.resblocks.5', pairs=())
    x = plain.norm(x, 'visual.ln_post') @ plain.state['visual.proj']
    np.testing.assert_allclose(got, x[1:].numpy(), atol=1e-9)


def test_wrong_results_are_found(monkeypatch):
    forward = ClipViT.forward
    monkeypatch.setattr(ClipViT, 'forward', lambda self, inputs: (
        forward(self, inputs * 1.1)[0], ))
    finding = check_image_tower('cpu')
    assert finding.verdict == 'WRONG'
    assert 'differs from the equations of MaskCLIP' in finding.found


@pytest.mark.parametrize('error', [float('inf'), .2])
@pytest.mark.parametrize('dtype, verdict', [
    (torch.float32, 'WRONG'), (torch.float16, 'note')])
def test_a_dtype_that_does_not_work(dtype, verdict, error, monkeypatch):
    monkeypatch.setattr(devices, 'product_error', lambda device, tried: (
        error if tried == dtype else 0))
    finding = next(check_devices())
    assert finding.verdict == verdict
    assert f'{dtype} not'.removeprefix('torch.') in finding.found


def test_what_a_device_cannot_do(monkeypatch):
    assert product_error('cpu', torch.float32) < 1e-5

    def refuse(self, other):
        raise RuntimeError('not implemented for Half')

    monkeypatch.setattr(torch.Tensor, '__matmul__', refuse)
    assert product_error('cpu', torch.float16) == float('inf')

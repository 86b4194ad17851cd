"""Arrays and tensors as images, compared with Pillow and torchvision."""
import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms.functional import (
    convert_image_dtype,
    pil_to_tensor,
    to_pil_image,
    to_tensor,
)

from mmseg_clipzs.apis.photos import Photo, Photos
from mmseg_clipzs.datasets.images import ImageReadError, to_rgb


def read(source):
    return Photo(source, 3).read()


@pytest.fixture(params=['L', 'RGB', 'RGBA'])
def image(request):
    bands = len(request.param) if request.param != 'L' else 1
    pixels = np.random.default_rng(0).integers(
        0, 256, (16, 17, bands), dtype=np.uint8)
    pixels[:16, :16, 0] = np.arange(256).reshape(16, 16)
    return Image.fromarray(pixels[..., 0] if bands == 1 else pixels)


def test_as_pillow_reads_it(image):
    """Each layout and dtype, of all 256 values."""
    want, array = to_rgb(image), np.asarray(image)
    tensor = pil_to_tensor(image)
    sources = [array, array / 255, (array / 255).astype(np.float32), tensor,
               to_tensor(image), convert_image_dtype(tensor, torch.float64),
               tensor.permute(0, 2, 1).contiguous().permute(0, 2, 1)]
    if image.mode == 'L':
        sources += [array[..., None], tensor[0]]
    if image.mode != 'RGBA':
        assert np.array_equal(to_rgb(to_pil_image(tensor)), want)
    for source in sources:
        got = read(source)
        assert got.dtype == np.uint8 and got.shape == (16, 17, 3)
        assert np.array_equal(got, want), (source.shape, source.dtype)


def test_tensors_of_networks():
    """With gradients, in half precision, batches one by one."""
    batch = torch.rand(2, 3, 5, 6, requires_grad=True)
    want = (batch.detach() * 255).round().byte().permute(0, 2, 3, 1).numpy()
    assert [photo.read().tolist() for photo, _ in Photos(list(batch))] == (
        want.tolist())
    half = read(batch[0].bfloat16())
    assert np.abs(half.astype(int) - want[0]).max() <= 1
    assert [name for _, name in Photos(batch[0])] == ['0']  # one image


@pytest.mark.parametrize('source, message', [
    (np.zeros((3, 40, 50), np.uint8), r'got \(3, 40, 50\) uint8. Move the '
     r'channels: array.transpose\(1, 2, 0\)'),
    (torch.zeros(40, 50, 3), r'got \(40, 50, 3\) float32. Move the channels: '
     r'tensor.permute\(2, 0, 1\)'),
    (torch.zeros(2, 3, 4, 5), r'got \(2, 3, 4, 5\) .* list\(batch\)'),
    (np.zeros((6, 5, 2), np.uint8), r'got \(6, 5, 2\) uint8.$'),
    (np.zeros(5, np.uint8), r'got \(5,\) uint8'),
    (np.zeros((), np.uint8), r'got \(\) uint8'),
    (torch.tensor(1.), r'got \(\) float32'),
    (np.zeros((0, 5, 3), np.uint8), r'got \(0, 5, 3\) uint8'),
    (np.zeros((4, 5, 3), np.int64), r'uint8 or .* got \(4, 5, 3\) int64'),
    (np.zeros((4, 5), bool), r'got \(4, 5\) bool'),
    (np.zeros((4, 5), object), r'got \(4, 5\) object'),
    (torch.zeros(3, 4, 5, dtype=torch.int32), 'int32'),
    (torch.zeros(3, 4, 5, dtype=torch.complex64), 'complex64'),
    (torch.full((3, 4, 5), 200.), 'values from 200 to 200. Divide by 255'),
    (torch.randn(3, 9, 9) * 2, 'values from -.*Undo the normalisation'),
    (np.full((4, 5, 3), np.nan), 'values from nan to nan'),
    (np.full((4, 5, 3), np.inf), 'values from inf to inf'),
    (torch.zeros(3, 4, 5).to_sparse(), 'has no values'),
    (torch.zeros(3, 4, 5, device='meta'), 'has no values'),
])
def test_what_is_no_image(source, message):
    with pytest.raises(ImageReadError, match=f'^Image 3.*{message}'):
        read(source)


@pytest.mark.parametrize('name', [
    'x' * 300, f'http://{"x" * 300}', '~nobody-of-this-name/a.jpg', 'a\0b'])
def test_paths_that_cannot_be(name):
    """An error of their own, not of the whole list."""
    good, bad = (photo for photo, _ in Photos([np.zeros((2, 3)), name]))
    assert good.read().shape == (2, 3, 3)
    with pytest.raises(ImageReadError):
        bad.read()

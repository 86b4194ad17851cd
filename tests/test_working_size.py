"""Photos that are large for a model, with small limits."""
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from mmseg_clipzs.apis import OnnxInferencer, ZeroShotInferencer
from mmseg_clipzs.apis.working_size import MAX_SIZE, WorkingSize
from mmseg_clipzs.datasets.limit_size import limited, shrink
from mmseg_clipzs.models.segmentors.pamr import refine
from mmseg_clipzs.utils import UserError, memory, require_memory

pytestmark = pytest.mark.usefixtures('one_thread')

CLASSES = 'cat; grass, lawn; sky'
LOAD, PACK = dict(type='LoadImageFromNDArray'), dict(type='PackSegInputs')
SIZED = dict(type='Resize', scale=(2048, 512), keep_ratio=True)


def picture(h, w, seed=0):
    coarse = np.random.default_rng(seed).integers(
        0, 256, (4, 5, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((w, h)))


@pytest.fixture(scope='module')
def build(tiny_config):
    """Builder of inferencers without a Resize."""
    def build(name='maskclip_toy', **settings):
        cfg = tiny_config(name)
        cfg.model.vocabulary = CLASSES
        return ZeroShotInferencer(cfg, device='cpu', **settings)

    return build


def halved(photo):
    """Means of 2 x 2 pixels."""
    h, w = photo.shape[:2]
    blocks = photo.reshape(h // 2, 2, w // 2, 2, 3).astype(np.uint16)
    return ((blocks.sum((1, 3)) + 2) // 4).astype(np.uint8)


def test_shrinking_averages_pixels():
    photo = np.random.default_rng(0).integers(
        0, 256, (64, 96, 3), dtype=np.uint8)
    small = shrink(photo, 48)
    assert np.abs(small.astype(int) - halved(photo)).max() <= 1
    assert shrink(photo, 96) is photo
    assert limited((1, 5000), 1000) == (1, 1000)
    assert limited((3000, 4000), 1024) == (768, 1024)


def test_large_photo_is_the_plain_computation(build):
    """Shrunk, cosines upsampled to the shrunk and to the photo's size."""
    inferencer = build(max_size=48)
    photo = picture(64, 96)
    result, = inferencer(photo)
    assert result.photo is photo or np.array_equal(result.photo, photo)
    model = inferencer.model
    clip = model.text_encoder.clip
    x = torch.from_numpy(shrink(photo, 48) / 255.).permute(2, 0, 1)
    x = (x - torch.tensor(clip.mean)[:, None, None]) / torch.tensor(
        clip.std)[:, None, None]
    with torch.no_grad():
        cosines = model.window_scores(
            model.extract_feat(x.float()[None]), (32, 48))
    for size in ((32, 48), (64, 96)):
        cosines = F.interpolate(cosines, size=size, mode='bilinear')
    p = model.class_log_probabilities(cosines)[0].exp().numpy()
    assert result.scores.shape == (3, 64, 96)
    np.testing.assert_allclose(result.scores, p, atol=1e-4)
    assert (result.mask == p.argmax(0)).mean() > 0.999


def test_photos_within_the_limit_are_unchanged(build, log):
    photo = picture(61, 93)
    wants, = build(max_size=None)(photo)
    for limit in ('auto', 93, 94):
        got, = build(max_size=limit)(photo)
        assert np.array_equal(got.scores, wants.scores)
        assert np.array_equal(got.mask, wants.mask)
    assert not [line for line in log if 'WARNING' in line]


def test_one_warning(build, log):
    inferencer = build(max_size=48)
    inferencer([picture(64, 96), picture(96, 64), picture(40, 40)])
    warned, = [line for line in log if 'WARNING' in line]
    assert '96 x 64 pixels is segmented at 48 x 32' in warned
    assert '--max-size' in warned


def test_set_image_has_the_same_limit(build):
    inferencer = build(max_size=48)
    photo = picture(64, 96)
    inferencer.set_image(photo)
    assert np.array_equal(
        inferencer.predict().scores, inferencer(photo)[0].scores)


@pytest.mark.parametrize('max_size, steps, limits', [
    ('auto', [LOAD, PACK], [None, MAX_SIZE, None]),
    ('auto', [LOAD, SIZED, PACK], [None, None, None]),
    ('auto', [LOAD, dict(type='Resize', scale_factor=2.), PACK],
     [None, MAX_SIZE, None, None]),
    (300, [LOAD, SIZED, PACK], [None, None, 300, None]),
    (None, [LOAD, PACK], [None, None])])
def test_pipelines(max_size, steps, limits):
    """The config's own Resize decides, unless a size is given."""
    found = WorkingSize(max_size).pipeline(steps)
    assert [step.get('max_size') for step in found] == limits
    assert [s for s in found if s['type'] != 'LimitSize'] == steps


@pytest.mark.parametrize('wrong', [15, 0, -1, 64.5, True, '15', 'big', ''])
def test_bad_sizes(wrong):
    with pytest.raises(UserError, match='is the longest side in pixels'):
        WorkingSize(wrong)


def test_pamr_works_at_the_limit(build, monkeypatch):
    """At 32 x 48 its scores are those of the small photo, upsampled."""
    sizes = []
    monkeypatch.setattr(
        'mmseg_clipzs.models.segmentors.results.refine',
        lambda image, scores, **options: sizes.append(
            scores.shape[2:]) or refine(image, scores, **options))
    photo = picture(64, 96)
    inferencer = build('naclip_pamr_toy', max_size=48)
    large, = inferencer(photo)
    small, = build('naclip_pamr_toy', max_size=None)(shrink(photo, 48))
    assert sizes == [(32, 48), (32, 48)]
    # Their log-probabilities are not those of upsampled scores, nearly.
    enlarged = F.interpolate(torch.from_numpy(small.scores)[None], size=(
        64, 96), mode='bilinear')[0].numpy()
    np.testing.assert_allclose(large.scores, enlarged, atol=0.05)
    assert large.mask.shape == (64, 96)
    unlimited, = build('naclip_pamr_toy', max_size=None)(photo)
    assert sizes[2:] == [(64, 96)]
    assert not np.array_equal(unlimited.scores, large.scores)


def test_clusterings_of_pairs_get_less(build, log):
    """What grows with the square of the number of locations."""
    pytest.importorskip('sklearn')
    photo = np.zeros((8, 600, 3), np.uint8)
    for name, warned in (('kmeans_toy', 0), ('spectral_toy', 1)):
        inferencer = build(name)
        inferencer.working_size.warn(photo.shape[:2])
        assert len([line for line in log if '512 x 7' in line]) == warned


def test_evaluation_has_no_limit(build):
    """Only the inferencer's own pipeline and model are limited."""
    from mmseg_clipzs.models.segmentors.open_vocabulary_segmentor import (
        OpenVocabularySegmentor,
    )
    inferencer = build('naclip_pamr_toy')
    assert inferencer.model.pamr_max_size == MAX_SIZE
    assert OpenVocabularySegmentor.pamr_max_size is None


def test_exported_files(exported, log):
    """As the model itself; their own resize decides."""
    path, cfg = exported
    photo = picture(60, 90)  # its windows need 224 pixels
    wants, = ZeroShotInferencer(cfg, device='cpu', max_size=400)(photo)
    got, = OnnxInferencer(path, max_size=400)(photo)
    assert (got.mask == wants.mask).mean() > 0.999
    assert OnnxInferencer(path)._limit is None


# ------------------------------------------------------------------ memory
def test_scores_that_do_not_fit(build, monkeypatch):
    result, = build()(picture(61, 93))
    monkeypatch.setattr(memory, '_MUCH', 0)
    monkeypatch.setattr(memory, 'available_memory', lambda: 1000)
    with pytest.raises(UserError, match=r'Keeping 3 scores for each of 93 x '
                       r'61 pixels needs .* GiB'):
        assert result.scores is None
    monkeypatch.setattr(memory, 'available_memory', lambda: None)
    assert result.scores.shape == (3, 61, 93)


def test_photos_that_do_not_fit(build, monkeypatch):
    """They are skipped, before they are segmented."""
    inferencer, skipped = build(), []
    monkeypatch.setattr(memory, '_MUCH', 0)
    monkeypatch.setattr(memory, 'available_memory', lambda: 50000)
    found = inferencer([picture(61, 93), picture(20, 30)], skipped=skipped)
    assert [result.photo.shape for result in found] == [(20, 30, 3)]
    assert '0, a photo of 93 x 61 pixels, needs 0.0 GiB' in skipped[0]


def test_available_memory(tmp_path, monkeypatch):
    free = memory.available_memory()
    if free is None:
        pytest.skip('the system does not tell')
    require_memory(free // 2)
    monkeypatch.setattr(memory, '_GROUP', tmp_path)
    for name, text in (('max', '5000'), ('current', '4500'), (
            'stat', 'anon 1\nactive_file 20\ninactive_file 30\nfile 90')):
        (tmp_path / f'memory.{name}').write_text(text)
    assert memory.available_memory() == 550
    (tmp_path / 'memory.max').write_text('max')
    assert memory.available_memory() > 550

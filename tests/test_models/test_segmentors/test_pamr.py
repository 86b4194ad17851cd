"""PAMR against NACLIP's numbers and a plain loop over pixels."""
import numpy as np
import pytest
import torch
from mmseg.structures import SegDataSample

from mmseg_clipzs.models.segmentors.pamr import check_pamr, refine
from mmseg_clipzs.utils import UserError


def plain(photo, scores, steps, dilations):
    """(3, H, W), (Q, H, W) arrays -> (Q, H, W), pixel by pixel."""
    _, h, w = photo.shape

    def at(maps, y, x):
        return maps[:, min(max(y, 0), h - 1), min(max(x, 0), w - 1)]

    offsets = [(d * i, d * j) for d in dilations for i in (-1, 0, 1)
               for j in (-1, 0, 1)]
    around = [offset for offset in offsets if offset != (0, 0)]
    for _ in range(steps):
        refined = np.empty_like(scores)
        for y in range(h):
            for x in range(w):
                std = np.std([at(photo, y + i, x + j) for i, j in offsets],
                             axis=0, ddof=1)
                weights = np.exp([
                    -np.mean(abs(at(photo, y + i, x + j) - at(photo, y, x))
                             / (0.1 * std + 1e-8)) for i, j in around])
                refined[:, y, x] = np.average([
                    at(scores, y + i, x + j) for i, j in around], axis=0,
                    weights=weights)
        scores = refined
    return scores


def test_golden(golden, seeded_weights):
    numbers = golden('naclip_extras.npz')
    photo = torch.from_numpy(seeded_weights.seeded_image(224, 320, 2))
    got = refine(photo[:, :, 40:88, 30:94],
                 torch.from_numpy(numbers['pamr.scores_in']), 1, (8, 16))
    torch.testing.assert_close(
        got, torch.from_numpy(numbers['pamr.scores_out_1steps_dilations8-16']),
        rtol=0, atol=1e-5)


@pytest.mark.parametrize('size, steps, dilations', [
    ((7, 9), 3, (1, 2)), ((6, 5), 1, (8, 16)), ((1, 12), 2, (1, )),
    ((10, 4), 2, (3, 1, 2))])
def test_plain_loop_of_a_batch(size, steps, dilations):
    rng = np.random.default_rng(0)
    photos, scores = (rng.normal(size=(2, n, *size)) for n in (3, 4))
    got = refine(torch.from_numpy(photos), torch.from_numpy(scores), steps,
                 dilations)
    for i in range(2):
        np.testing.assert_allclose(
            got[i], plain(photos[i], scores[i], steps, dilations), atol=1e-9)


def test_scores_stay_within_an_edge():
    """Two flat colours: scores are averaged within each of them."""
    photo = torch.zeros(1, 3, 12, 12)
    photo[..., 6:] = 1
    scores = torch.rand(1, 2, 12, 12)
    got = refine(photo, scores, 200, (1, 2))
    for half in (slice(0, 6), slice(6, 12)):
        part = got[..., half]
        assert part.amax((2, 3)).sub(part.amin((2, 3))).max() < 0.05
    left, right = got[..., :6].mean((2, 3)), got[..., 6:].mean((2, 3))
    assert (left - right).abs().max() > 1e-3


# ------------------------------------------------------------- in a segmentor
def test_scores_of_words_at_the_size_of_the_photo(zero_shot):
    """A padded, flipped input is refined like the original image."""
    options = dict(vocabulary='cat, kitten; grass; sky', logit_scale=30.)
    # In float64: the weights amplify rounding errors of the colours.
    plainly, refined = (zero_shot(**options, pamr=pamr).double()
                        for pamr in (None, dict(steps=2, dilations=(1, 3))))
    x = torch.randn(1, 3, 48, 64).double()
    meta = dict(ori_shape=(30, 50), padding_size=[0, 4, 0, 8], flip=True,
                flip_direction='horizontal')
    with torch.no_grad():
        scores = plainly.word_scores(x)[:, :, :40, :60].flip(3)
        photo, scores = (torch.nn.functional.interpolate(
            maps, size=(30, 50), mode='bilinear')
            for maps in (x[:, :, :40, :60].flip(3), scores))
        want = plainly.class_log_probabilities(
            refine(photo, scores, 2, (1, 3)))[0]
        got, = refined.predict(x, [SegDataSample(metainfo=meta)])
    torch.testing.assert_close(got.seg_logits.data, want)
    assert torch.equal(got.pred_sem_seg.data[0], want.argmax(0))
    other, = plainly.predict(x, [SegDataSample(metainfo=meta)])
    assert (other.seg_logits.data - want).abs().max() > 1e-2


def test_defaults_are_those_of_naclip(zero_shot):
    assert zero_shot(pamr={}).pamr == dict(steps=10, dilations=(8, 16))
    assert zero_shot().pamr is None


@pytest.mark.parametrize('options', [
    dict(steps=0), dict(dilations=()), dict(dilations=(8, 0)),
    dict(stride=(8, 16))])
def test_wrong_options(options):
    with pytest.raises(UserError, match=r'pamr\..* must be|pamr takes a dict'):
        check_pamr(options)


def test_captured_for_any_size():
    """An exported graph has no chunks, whose number depends on the size."""
    class Refine(torch.nn.Module):
        def forward(self, image, scores):
            return refine(image, scores, steps=1, dilations=(1, ))

    def inputs(n, h, w):
        return torch.rand(n, 3, h, w), torch.rand(n, 4, h, w)

    axes = dict.fromkeys((0, 2, 3), torch.export.Dim.AUTO)
    program = torch.export.export(
        Refine(), inputs(2, 20, 30), dynamic_shapes=(axes, axes)).module()
    for size in ((1, 17, 13), (3, 400, 500)):
        given = inputs(*size)
        torch.testing.assert_close(program(*given), Refine()(*given))

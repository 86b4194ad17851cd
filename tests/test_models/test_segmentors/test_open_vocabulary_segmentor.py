"""Meaning of seg_logits for every head, mode and threshold."""
import math

import pytest
import torch
import torch.nn.functional as F
from mmseg.structures import SegDataSample
from small_groupvit import ONE_STAGE, small_groupvit

from mmseg_clipzs.models.segmentors.results import keep_argmax
from mmseg_clipzs.utils import UserError

pytestmark = pytest.mark.usefixtures('one_thread')
WORDS = 'cat, kitten; dog; grass, lawn, meadow; sky; a red car'
SLIDE = dict(mode='slide', crop_size=(48, 48), stride=(24, 24))
KEYS = dict(type='ClipViT', out_keys='raw')
MODELS_OF = {
    'plain': {},
    'low scale': dict(logit_scale=1.),
    'windows': dict(test_cfg=SLIDE),
    'denoised': dict(decode_head=dict(type='MaskClipHead', pd_thresh=0.3)),
    'smoothed': dict(backbone=KEYS, decode_head=dict(
        type='MaskClipHead', ks_thresh=1.0, pd_thresh=0.3)),
    'smoothed in part': dict(backbone=KEYS, test_cfg=SLIDE, decode_head=dict(
        type='MaskClipHead', ks_thresh=0.5, key_norm='tokens')),
    'refined': dict(pamr=dict(steps=2, dilations=(1, 3))),
    'clusters': dict(decode_head=dict(type='ClusterHead', num_groups=3)),
}


def inputs(count=1, size=(64, 96)):
    generator = torch.Generator().manual_seed(0)
    return F.interpolate(torch.randn(count, 3, 5, 7, generator=generator),
                         size=size, mode='bicubic')


@pytest.fixture(params=[*MODELS_OF, 'groupvit', 'groupvit windows'])
def build(request, zero_shot):
    """Builder of each kind of model: ``build(background_threshold=.5)``."""
    if request.param.startswith('groupvit'):
        mode = SLIDE if 'windows' in request.param else dict(mode='whole')
        return lambda **settings: small_groupvit(
            ONE_STAGE, vocabulary=WORDS, test_cfg=mode, **settings)
    return lambda **settings: zero_shot(
        vocabulary=WORDS, **MODELS_OF[request.param], **settings)


@torch.no_grad()
def test_logits_are_log_probabilities(build):
    for result in build().predict(inputs(2)):
        p = result.seg_logits.data.exp()
        assert p.min() >= 0 and p.max() <= 1
        assert p.sum(0).max() < 1 + 1e-5  # only the best words
        assert torch.equal(result.pred_sem_seg.data[0],
                           result.seg_logits.data.argmax(0))
        assert p.flatten(1).std(1).max() > 1e-3


@pytest.mark.parametrize('threshold', [.2, .5, .9])
@torch.no_grad()
def test_a_threshold_raises_class_0_alone(build, threshold):
    plain, = build().predict(inputs())
    model = build(background_threshold=threshold)
    result, = model.predict(inputs())
    logits, labels = result.seg_logits.data, result.pred_sem_seg.data[0]
    torch.testing.assert_close(logits[1:], plain.seg_logits.data)
    assert torch.equal(labels, logits.argmax(0))
    assert logits.max() <= 0
    # GroupViT decides in each window, and may let a class below the
    # threshold win.
    lowered = (logits[1:].amax(0) < math.log(threshold)) & (labels > 0)
    assert (logits[0][~lowered] >= math.log(threshold) - 1e-6).all()
    if not hasattr(model, 'text_backbone'):
        surest = plain.seg_logits.data.amax(0).exp()
        clear = (surest - threshold).abs() > 1e-6
        assert torch.equal((labels == 0)[clear], (surest < threshold)[clear])
        assert not lowered[clear].any()


@torch.no_grad()
def test_background_grows_with_the_threshold_under_key_smoothing(zero_shot):
    shares = [(zero_shot(
        vocabulary=WORDS, background_threshold=threshold,
        **MODELS_OF['smoothed']).predict(inputs())[0].pred_sem_seg.data
        == 0).float().mean().item() for threshold in (.05, .25, .5, .9)]
    assert shares == sorted(shares) and shares[0] < shares[-1]
    assert shares[-1] > 0


@torch.no_grad()
def test_smoothed_scores_keep_their_order(zero_shot):
    """Sums of probabilities of either sign become a distribution."""
    head = zero_shot(vocabulary=WORDS, **MODELS_OF['smoothed']).decode_head
    generator = torch.Generator().manual_seed(0)
    scores = 20 * torch.randn(2, 6, 9, 11, generator=generator)
    scores[:, :, 0, 0] = 0  # all words are equal
    scores[:, :, 0, 1] = -torch.arange(6.)
    p = head.log_probabilities(scores, 100.).exp()
    torch.testing.assert_close(p.sum(1), torch.ones(2, 9, 11))
    assert torch.equal(p.argmax(1), scores.argmax(1))
    torch.testing.assert_close(p[:, :, 0, 0], torch.full((2, 6), 1 / 6))
    # A distribution is unchanged.
    shares = torch.rand(1, 4, 5, generator=generator).softmax(1)
    torch.testing.assert_close(
        head.log_probabilities(shares, 100.).exp(), shares)


@torch.no_grad()
def test_inference_is_the_prediction_at_the_size_of_the_input(build):
    model, x = build(), inputs(2)
    logits = model.inference(x, None)
    if model.pamr is None:
        for one, result in zip(logits, model.predict(x)):
            torch.testing.assert_close(one, result.seg_logits.data)


def test_ties_of_rounding_are_undone():
    logits = torch.zeros(3, 2, 2)
    labels = torch.tensor([[0, 1], [2, 2]])
    logits[:, 1, 1] = -torch.inf
    kept = keep_argmax(logits.clone(), labels)
    assert torch.equal(kept.argmax(0), labels)
    assert (kept.exp() == logits.exp()).all()


def test_small_differences_of_scores_decide(zero_shot):
    """Scores whose log-probabilities round to ties."""
    model = zero_shot(vocabulary='cat; dog; sky', logit_scale=1e-3)
    with torch.no_grad():
        for result in model.predict(inputs(3)):
            assert torch.equal(result.pred_sem_seg.data[0],
                               result.seg_logits.data.argmax(0))


# ------------------------------------------------------------- encode, decode
def count_calls(model):
    """List with an item for each call of the backbone."""
    calls = []
    model.backbone.register_forward_hook(
        lambda *args: calls.append(args[1][0].shape))
    return calls


@torch.no_grad()
def test_decoding_encoded_images_is_predicting(build):
    model, x = build(), inputs(3)
    want = [(r.pred_sem_seg.data, r.seg_logits.data)
            for r in model.predict(x)]
    encoded = model.encode(x)
    calls = count_calls(model)
    for result, (labels, logits) in zip(model.decode(
            encoded, [SegDataSample() for _ in x]), want):
        assert torch.equal(result.pred_sem_seg.data, labels)
        assert torch.equal(result.seg_logits.data, logits)
    assert not calls


@torch.no_grad()
def test_a_view_has_classes_of_its_own(build):
    model, x = build(), inputs()
    before, = model.predict(x)
    view = model.with_vocabulary('tree; water, sea', .4)
    assert view.dataset_meta['classes'] == ('background', 'tree', 'water')
    assert view.backbone is model.backbone
    result, = view.predict(x)
    assert result.seg_logits.data.shape[0] == 3
    fresh = build(background_threshold=.4)
    fresh.set_vocabulary('tree; water, sea')
    want, = fresh.predict(x)
    assert torch.equal(result.seg_logits.data, want.seg_logits.data)
    # The model itself has not changed.
    assert model.background_threshold is None
    assert model.dataset_meta['classes'][0] == 'cat'
    after, = model.predict(x)
    assert torch.equal(after.seg_logits.data, before.seg_logits.data)


@torch.no_grad()
def test_a_view_keeps_precomputed_embeddings(zero_shot):
    rows = F.normalize(torch.randn(
        3, 24, generator=torch.Generator().manual_seed(0)), dim=1)
    model = zero_shot()
    model.set_vocabulary('cat; sea, water', rows)
    view = model.with_vocabulary(background_threshold=.5)
    assert torch.equal(view.decode_head.text_embeddings, rows)
    assert view.dataset_meta['classes'] == ('background', 'cat', 'sea')
    with pytest.raises(UserError, match='number in .0, 1. or None, but got 2'):
        model.with_vocabulary(background_threshold=2)


@torch.no_grad()
def test_a_view_follows_the_vocabulary_and_the_weights(build):
    """GroupViT embeds words late: a view must not take old embeddings."""
    model, x = build(), inputs()
    model.predict(x)  # embeds the first vocabulary
    for classes in ('tree; road; sea', 'a; b'):
        model.set_vocabulary(classes)
        got, = model.with_vocabulary().predict(x)
        want, = model.predict(x)
        assert torch.equal(got.seg_logits.data, want.seg_logits.data)
    if hasattr(model, 'text_backbone'):
        state = model.state_dict()
        state['text_backbone.token_embedding.weight'] = state[
            'text_backbone.token_embedding.weight'].flip(0)
        model.load_state_dict(state)
        got, = model.with_vocabulary().predict(x)
        want, = model.predict(x)
        assert torch.equal(got.seg_logits.data, want.seg_logits.data)


@torch.no_grad()
def test_groups_of_encoded_images_need_no_further_pass():
    model, x = small_groupvit(vocabulary=WORDS), inputs(2)
    model.keep_groups = True
    want = [result.groups.data for result in model.predict(x)]
    encoded = model.encode(x)
    calls = count_calls(model)
    for classes in ('cat; sky', 'dog; sea; road'):
        view = model.with_vocabulary(classes)
        results = view.decode(encoded, [SegDataSample() for _ in x])
        for result, groups in zip(results, want):
            assert torch.equal(result.groups.data, groups)
    assert not calls


@torch.no_grad()
def test_refined_probabilities_stay_below_1():
    """The weights of PAMR sum to 1 but for rounding."""
    model = small_groupvit(vocabulary='cat', pamr={})
    result, = model.predict(inputs(size=(48, 64)))
    assert result.seg_logits.data.max() <= 0


def test_background_alone_is_refused(zero_shot):
    for build in (zero_shot, small_groupvit):
        with pytest.raises(UserError, match='only class is "background"'):
            build(vocabulary='background', background_threshold=.5)


@pytest.mark.parametrize('scale', [1e-3, 1., 100.])
@torch.no_grad()
def test_rounding_does_not_change_labels_above_the_threshold(
        zero_shot, scale):
    """Log-probabilities that rounding makes equal."""
    options = dict(vocabulary='cat; dog; sky', logit_scale=scale)
    x = inputs(3)
    plain = zero_shot(**options).predict(x)
    strict = zero_shot(**options, background_threshold=.01).predict(x)
    for one, other in zip(plain, strict):
        assert torch.equal(one.pred_sem_seg.data + 1, other.pred_sem_seg.data)
        assert torch.equal(other.pred_sem_seg.data[0],
                           other.seg_logits.data.argmax(0))


def test_key_smoothing_without_keys_is_refused_at_build_time(zero_shot):
    with pytest.raises(UserError, match='MaskClipHead needs the keys .* '
                       'set backbone=dict\\(out_keys="raw"\\)'):
        zero_shot(decode_head=dict(type='MaskClipHead', ks_thresh=1.))

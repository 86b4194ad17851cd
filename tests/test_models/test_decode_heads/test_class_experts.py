"""Words scored by the classifiers of their own templates, against loops."""
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mmseg_clipzs.models.segmentors import ImageTextContrastive
from mmseg_clipzs.run.job import Job
from mmseg_clipzs.utils import UserError

pytestmark = pytest.mark.usefixtures('one_thread')
CLASSES = 'zebra; grass, lawn; sea, ocean; sun'
PROMPTS = {'zebra': ['a photo of a {}.', 'a drawing of a {}.'],
           'sea': ['the {} in a video game.'], 'moon': ['a {}.']}


def given(prompts):
    """As an option, in place of the config's text."""
    return {**prompts, '_delete_': True} if isinstance(
        prompts, dict) else prompts


def build(prompts=PROMPTS, classes=CLASSES, name='naclip_toy', **options):
    from mmseg_clipzs.apis import ZeroShotInferencer
    return ZeroShotInferencer(name, classes=classes, cfg_options={
        'model.prompts': given(prompts), **options}, device='cpu').model


@pytest.fixture(scope='module')
def model():
    return build()


@pytest.fixture(scope='module')
def features(model):
    torch.manual_seed(0)
    return torch.randn(3, model.decode_head.in_channels, 5, 7)


def restated(model, features):
    """(N, Q, h, w), one word and location after the other."""
    words, scale = model.vocabulary.words, model.logit_scale
    owner = ['zebra', 'grass', 'grass', 'sea', 'sea', 'sun']
    scores = torch.empty(len(features), len(words), *features.shape[2:])
    for q, name in enumerate(owner):
        rows = model.text_encoder(words, PROMPTS.get(name, 'imagenet80'))
        cosines = torch.einsum('qd,ndhw->nqhw', rows, F.normalize(features,
                                                                  dim=1))
        p = (scale * cosines).exp()
        scores[:, q] = (p[:, q] / p.sum(1)).log() / scale
    return scores


def test_scores(model, features):
    for n in (1, 3):
        got = model.decode_head((features[:n], ))
        torch.testing.assert_close(
            got, restated(model, features[:n]), rtol=0, atol=1e-5)
    assert model.decode_head.text_embeddings.shape[0] == 6  # of the average


def test_one_set_for_all_classes_changes_nothing(features):
    """The order of the scores, and their distribution."""
    same = build(dict.fromkeys(('zebra', 'grass', 'sea', 'sun'), 'single'))
    plain = build('single')
    got, want = (each.class_log_probabilities(each.decode_head((features, )))
                 for each in (same, plain))
    torch.testing.assert_close(got, want, rtol=0, atol=1e-4)


def test_predictions(model):
    """Labels are the argmax, also with a threshold and in a view."""
    rng = np.random.default_rng(0)
    image = torch.from_numpy(rng.integers(0, 256, (3, 70, 90), np.uint8))
    for each in (model, model.with_vocabulary('sea; zebra', .6)):
        data = each.data_preprocessor(dict(inputs=[image]))
        with torch.no_grad():
            result, = each.predict(**data)
        logits = result.seg_logits.data
        assert torch.equal(logits.argmax(0), result.pred_sem_seg.data[0])
        assert each.decode_head.experts.owners.numel() == len(
            each.vocabulary.words)
    assert model.decode_head.experts.owners.numel() == 6


def test_refused_classes_change_nothing():
    """Neither names nor classifiers, and the model goes on."""
    model = build()
    experts = model.decode_head.experts
    with pytest.raises(UserError, match='other classes'):
        model.set_vocabulary('cat; dog')
    assert model.vocabulary.classes == ('zebra', 'grass', 'sea', 'sun')
    assert model.dataset_meta['classes'] == model.vocabulary.classes
    assert model.decode_head.experts is experts
    assert len(model.decode_head.text_embeddings) == 6


def test_refusals(model):
    with pytest.raises(UserError, match=r'other classes \(zebra, sea, moon'):
        model.with_vocabulary('cat; dog')
    with pytest.raises(UserError, match='exclude each other'):
        model.set_vocabulary(['zebra', 'sea'], torch.eye(2))
    with pytest.raises(UserError, match="class 'zebra': A prompt template"):
        Job('naclip_toy', options={
            'model.prompts': given({'zebra': ['zebra']})})
    with pytest.raises(UserError, match='Prompt templates are the name'):
        ImageTextContrastive(None, None, None, weights=None, prompts=PROMPTS)
    for name, key in (('maskclip_plus_toy', 'model.teacher.prompts'),
                      ('text_mapped_zero_shot_toy', 'model.prompts')):
        from mmseg.registry import MODELS
        cfg = Job(name, options={key: given(PROMPTS)}).load()
        with pytest.raises(UserError, match='not for teachers, students'):
            MODELS.build(cfg.model)

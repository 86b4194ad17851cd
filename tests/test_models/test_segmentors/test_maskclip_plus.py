"""MaskCLIP+: pseudo labels, losses, scores, new classes."""
import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.config import ConfigDict
from mmseg.models.losses import CrossEntropyLoss
from mmseg.registry import MODELS
from students import CLASSES, batch, build, metas, student

from mmseg_clipzs.utils import UserError
from mmseg_clipzs.vocabularies import Vocabulary

pytestmark = pytest.mark.usefixtures('one_thread')


# ------------------------------------------------------------ pseudo labels
@pytest.mark.parametrize('background', [False, True])
@pytest.mark.parametrize('self_training', [False, True])
def test_pseudo_labels_by_the_rules(teacher, background, self_training):
    """A plain loop over pixels, on random scores and all label cases.

    A background with labels is none of the classes of self-training.
    """
    model = build(teacher, unseen=['grass', 'sky'],
                  learn_background=background)
    model.self_training = self_training
    shift = int(background)
    data = model.data_preprocessor(batch(), True)
    inputs, samples = data['inputs'], data['data_samples']
    labels = torch.stack([s.gt_sem_seg.data for s in samples])
    scores = torch.randn(2, len(CLASSES) + shift, 7, 9,
                         generator=torch.Generator().manual_seed(0))
    got = model.pseudo_labels(inputs, labels, scores)
    classes = [2 + shift, 3 + shift]
    if self_training:
        scores = scores[:, classes]
    else:
        scores = model._ask_teacher(inputs)[1]
        assert scores.shape[1] == 2
    scores = F.interpolate(scores, labels.shape[2:], mode='bilinear')
    for n, y, x in np.random.default_rng(1).integers(
            0, (2, 64, 64), (300, 3)):
        label = labels[n, 0, y, x].item()
        if label == -1:
            label = classes[scores[n, :, y, x].argmax().item()]
        assert got[n, 0, y, x] == label


def test_teacher_has_its_own_normalisation(teacher):
    """The teacher gets the image with CLIP's mean and std."""
    model = build(teacher)
    raw = batch(labels=False)['inputs'][0]
    seen = []
    model.teacher.backbone.register_forward_pre_hook(
        lambda module, args: seen.append(args[0]))
    student_input = model.data_preprocessor(
        dict(inputs=[raw]), False)['inputs']
    model._ask_teacher(student_input)
    rgb = raw.flip(0).float() / 255
    mean, std = (torch.tensor(value)[:, None, None] for value in (
        model.teacher.text_encoder.clip.mean,
        model.teacher.text_encoder.clip.std))
    torch.testing.assert_close(seen[0][0], (rgb - mean) / std,
                               atol=1e-5, rtol=0)


def test_preprocessors_without_a_channel_attribute(teacher):
    """mmengine's, the base class in forks of mmseg, names it differently."""
    cfg = dict(student(), data_preprocessor=dict(
        type='ImgDataPreprocessor', mean=[100., 110., 120.],
        std=[56., 58., 60.]))
    model = build(teacher, student=cfg)
    assert not hasattr(model.data_preprocessor, 'channel_conversion')
    assert model.flip


def test_a_cpus_autocast_leaves_the_teacher_alone(teacher):
    """The teacher keeps its own precision under autocast."""
    model = build(teacher)
    inputs = model.data_preprocessor(batch(), True)['inputs']
    features, scores = model._ask_teacher(inputs)
    with torch.autocast('cpu', torch.bfloat16):
        assert torch.ones(2, 2).mm(torch.ones(2, 2)).dtype == torch.bfloat16
        other_features, other_scores = model._ask_teacher(inputs)
    assert torch.equal(features, other_features)
    assert torch.equal(scores, other_scores)


def test_a_teacher_in_bfloat16(teacher, tiny_vit):
    """Nearly the same pseudo labels; the student's losses are float32."""
    half = {**teacher, 'clip': dict(tiny_vit, precision='bf16')}
    losses, filled = [], []
    for each in (teacher, half):
        model = build(each).eval()
        data = model.data_preprocessor(batch(), True)
        labels = torch.full((2, 1, 64, 64), -1)
        filled.append(model.pseudo_labels(data['inputs'], labels, None))
        losses.append(model.loss(**data)['decode.loss_ce'])
    assert (filled[0] == filled[1]).float().mean() > 0.9
    assert losses[1].dtype == torch.float32
    torch.testing.assert_close(losses[1], losses[0], rtol=0.1, atol=0)


# ------------------------------------------------------------------- losses
def test_annotation_free_reads_no_label(teacher):
    """Labels may be present, missing or wrong: the losses are the same."""
    losses = []
    for labels in (True, False):
        model = build(teacher)
        data = model.data_preprocessor(batch(labels=labels), True)
        losses.append(model.loss(**data)['decode.loss_ce'])
    assert torch.equal(*losses)


@pytest.mark.parametrize('auxiliary', [False, True])
@pytest.mark.parametrize('unseen', [None, ['grass', 'sky']])
def test_losses_are_mmsegs_on_the_pseudo_labels(teacher, unseen, auxiliary):
    model = build(teacher, student=student(auxiliary=auxiliary),
                  unseen=unseen).eval()
    data = model.data_preprocessor(batch(), True)
    losses = model.loss(**data)
    x = model.extract_feat(data['inputs'])
    scores = model.decode_head(x)
    labels = torch.stack([s.gt_sem_seg.data for s in data['data_samples']])
    if unseen is None:
        labels = torch.full_like(labels, -1)
        labels[1, :, 54:] = 255  # padding of the smaller image
        labels[1, :, :, 44:] = 255
    labels = model.pseudo_labels(data['inputs'], labels, scores)
    want = CrossEntropyLoss()(
        F.interpolate(scores, (64, 64), mode='bilinear'), labels[:, 0],
        ignore_index=255)
    torch.testing.assert_close(losses['decode.loss_ce'], want)
    assert ('aux.loss_ce' in losses) == auxiliary


@pytest.mark.parametrize('unseen', [None, 'all'])
def test_distillation(teacher, unseen):
    """L1 at the pixels of the label map; gradients reach the student."""
    model = build(teacher, distill_weight=2.0, unseen=unseen).eval()
    data = batch()
    for sample in data['data_samples']:  # -1 and 255
        sample.gt_sem_seg.data[sample.gt_sem_seg.data != 255] = -1
    data = model.data_preprocessor(data, True)
    losses = model.loss(**data)
    assert list(losses) == ['loss_distill']
    losses['loss_distill'].backward()
    assert model.student.backbone.stem[0].weight.grad.abs().sum() > 0
    features = model.decode_head._forward_feature(
        model.extract_feat(data['inputs']))
    wanted = F.normalize(model._ask_teacher(data['inputs'])[0], dim=1)
    features, wanted = (
        F.interpolate(maps, (64, 64), mode='bilinear').permute(0, 2, 3, 1)
        for maps in (features, wanted))
    known = torch.stack([
        sample.gt_sem_seg.data[0] for sample in data['data_samples']]) == -1
    if unseen is None:  # labels are not read
        known[:] = True
        known[1, 54:] = known[1, :, 44:] = False
    torch.testing.assert_close(
        losses['loss_distill'],
        2 * (features[known] - wanted[known]).abs().mean())


def test_all_labels_hidden(teacher):
    """The authors' annotation-free setting: ignored pixels stay ignored."""
    model = build(teacher, unseen='all').eval()
    data = batch()
    for sample in data['data_samples']:
        sample.gt_sem_seg.data[sample.gt_sem_seg.data != 255] = -1
    data = model.data_preprocessor(data, True)
    given = torch.stack([s.gt_sem_seg.data for s in data['data_samples']])
    x = model.extract_feat(data['inputs'])
    filled = model.pseudo_labels(
        data['inputs'], given, model.decode_head(x))
    whole = model.pseudo_labels(
        data['inputs'], torch.full_like(given, -1), model.decode_head(x))
    assert (filled == whole.masked_fill(given == 255, 255)).all()
    assert len(whole.unique()) > 1
    torch.testing.assert_close(
        model.loss(**data)['decode.loss_ce'], CrossEntropyLoss()(
            F.interpolate(model.decode_head(x), (64, 64), mode='bilinear'),
            filled[:, 0], ignore_index=255))


@pytest.mark.parametrize('label', range(4))
def test_no_label_passes_when_all_are_hidden(teacher, label):
    model = build(teacher, unseen='all')
    data = batch()
    for sample in data['data_samples']:
        sample.gt_sem_seg.data[:] = 255
    data['data_samples'][1].gt_sem_seg.data[0, 3, 4] = label
    data = model.data_preprocessor(data, True)
    with pytest.raises(UserError, match=f'unseen class {label} .*image1.jpg'):
        model.loss(**data)


def test_background_is_learnt_and_text_is_not(teacher):
    model = build(teacher, learn_background=True)
    assert model.vocabulary.classes[0] == 'background'
    data = model.data_preprocessor(batch(labels=False), True)
    model.loss(**data)['decode.loss_ce'].backward()
    classifier = model.decode_head.conv_seg
    assert classifier.background.grad.abs().sum() > 0
    assert classifier.weight.grad is None
    assert model.encode_decode(data['inputs'], metas()).shape == (2, 5, 64, 64)


def test_a_learnt_background_replaces_the_word(teacher):
    """A vocabulary with "background" neither teaches nor embeds it."""
    classes = ['background', *CLASSES]
    with_word = build({**teacher, 'vocabulary': classes},
                      learn_background=True)
    without = build(teacher, learn_background=True)
    data = without.data_preprocessor(batch(labels=False), True)
    assert with_word.vocabulary.classes == without.vocabulary.classes
    assert torch.equal(with_word.loss(**data)['decode.loss_ce'],
                       without.loss(**data)['decode.loss_ce'])


def test_nan_names_iteration_and_images(teacher):
    model = build(teacher)
    model.student.backbone.layer1[0].conv1.weight.data[:] = torch.nan
    data = model.data_preprocessor(batch(labels=False), True)
    with pytest.raises(FloatingPointError, match='iteration.*image0.jpg'):
        model.loss(**data)


def test_a_hidden_label_in_the_loss_stops_training(teacher):
    model = build(teacher, unseen=['dog'])
    data = model.data_preprocessor(batch(), True)
    with pytest.raises(UserError, match='unseen class 1 reached the loss'):
        model.loss(**data)


# ------------------------------------------------------------------- scores
SLIDE = dict(mode='slide', crop_size=(48, 48), stride=(32, 32))


@pytest.mark.parametrize('background', [False, True])
@pytest.mark.parametrize('test_cfg', [dict(mode='whole'), SLIDE])
def test_scores_are_log_probabilities(teacher, test_cfg, background):
    """Log-softmax of the student's scores, at the original sizes."""
    model = build(teacher, student=dict(student(), test_cfg=test_cfg),
                  learn_background=background).eval()
    data = model.data_preprocessor(batch(), True)
    inputs, samples = data['inputs'], data['data_samples']
    for sample in samples:
        sample.set_metainfo(dict(ori_shape=(50, 70)))
    raw = model.student.inference(inputs, metas())
    torch.testing.assert_close(
        model.inference(inputs, metas()), raw.log_softmax(1))
    stock = model.student.predict(inputs, copy.deepcopy(samples))
    for result, plain in zip(model.predict(inputs, samples), stock):
        scores = result.seg_logits.data
        assert scores.shape == (len(CLASSES) + background, 50, 70)
        assert (scores <= 0).all()
        torch.testing.assert_close(
            scores, plain.seg_logits.data.log_softmax(0))
        torch.testing.assert_close(scores.exp().sum(0), torch.ones(50, 70))
        assert torch.equal(result.pred_sem_seg.data[0], scores.argmax(0))
        assert torch.equal(result.pred_sem_seg.data, plain.pred_sem_seg.data)


def test_encode_decode_is_at_the_input_size(teacher):
    model = build(teacher).eval()
    inputs = model.data_preprocessor(batch(), True)['inputs']
    scores = F.interpolate(model(inputs), (64, 64), mode='bilinear')
    torch.testing.assert_close(model.encode_decode(inputs, metas()),
                               scores.log_softmax(1))


def test_tta_averages_probabilities(teacher):
    model = build(teacher).eval()
    tta = MODELS.build(dict(type='SegTTAModel', module=model))
    inputs = model.data_preprocessor(batch(), True)['inputs'][:1]
    results = [model.predict(x) for x in (inputs, 0.5 * inputs)]
    for result in results:
        result[0].set_metainfo(dict(img_path='a.jpg'))
    want = sum(r[0].seg_logits.data.exp() for r in results).argmax(0)
    merged = tta.merge_preds([[r[0] for r in results]])[0]
    assert torch.equal(merged.pred_sem_seg.data[0], want)


def test_checkpoint_has_no_teacher_and_stock_names(teacher):
    model = build(teacher)
    stock = MODELS.build(dict(
        student(), decode_head=dict(student()['decode_head'],
                                    num_classes=4)))
    state = model.state_dict()
    assert {key.removeprefix('student.') for key in state} == set(
        stock.state_dict())
    assert not any('teacher' in key for key, _ in model.named_parameters())


# ------------------------------------------------------------------ classes
def ready_made(teacher, words, tmp_path):
    """Config of a teacher with embeddings unlike the text tower's."""
    rows = F.normalize(torch.randn(
        len(words), 24, generator=torch.Generator().manual_seed(7)), dim=1)
    torch.save(rows, tmp_path / 'text.pth')
    return {**teacher, 'text_embeddings': str(tmp_path / 'text.pth')}, rows


@pytest.mark.parametrize('background', [False, True])
@pytest.mark.parametrize('unseen', [None, ['sea', 'sun']])
def test_ready_made_embeddings(teacher, tmp_path, background, unseen):
    """Teacher and student use them, also with synonyms."""
    cfg, rows = ready_made(
        {**teacher, 'vocabulary': 'zebra; sea, ocean, water; sun; grass'},
        range(6), tmp_path)
    model = build(cfg, learn_background=background, unseen=unseen)
    want = torch.stack([rows[0], F.normalize(rows[1:4].sum(0), dim=0),
                        rows[4], rows[5]])
    torch.testing.assert_close(
        model.decode_head.conv_seg.weight.flatten(1), want)
    taught = rows if unseen is None else rows[1:5]
    torch.testing.assert_close(
        model.teacher.decode_head.text_embeddings, taught)
    assert model.teacher.vocabulary.classes == (
        ('zebra', 'sea', 'sun', 'grass') if unseen is None
        else ('sea', 'sun'))


@pytest.mark.parametrize('background', [False, True])
@pytest.mark.parametrize('unseen', [None, ['bed', 'dog']])
def test_classes_that_share_a_word(teacher, background, unseen):
    """Each has its own embedding; background moves to the front if learnt."""
    model = build({**teacher, 'vocabulary': Vocabulary(
        ('cat', 'background', 'bed', 'dog'),
        (('cat', ), ('sky', 'bed'), ('bed', ), ('dog', )))},
        learn_background=background, unseen=unseen)
    cat, sky, bed, dog = model.teacher.embed_words(
        ('cat', 'sky', 'bed', 'dog'))
    want = [cat, bed, dog] if background else [
        cat, F.normalize(sky + bed, dim=0), bed, dog]
    torch.testing.assert_close(
        model.decode_head.conv_seg.weight.flatten(1), torch.stack(want))
    assert model.vocabulary.classes[:2] == (
        ('background', 'cat') if background else ('cat', 'background'))
    taught = dict(zip(model.teacher.vocabulary.words,
                      model.teacher.decode_head.text_embeddings))
    for word, row in dict(cat=cat, sky=sky, bed=bed, dog=dog).items():
        if word in taught:
            assert torch.equal(taught[word], row)
    assert set(taught) == ({'bed', 'dog'} if unseen else
                           {'cat', 'bed', 'dog'} if background else
                           {'cat', 'sky', 'bed', 'dog'})
    data = model.data_preprocessor(batch(labels=unseen is not None), True)
    assert torch.isfinite(model.loss(**data)['decode.loss_ce'])


def test_ready_made_embeddings_of_new_classes(teacher, tmp_path):
    _, rows = ready_made(teacher, range(3), tmp_path)
    model = build(teacher)
    for text in (rows, str(tmp_path / 'text.pth')):
        model.set_vocabulary('sea, ocean; sun', text)
        torch.testing.assert_close(
            model.decode_head.conv_seg.weight.flatten(1),
            torch.stack([F.normalize(rows[0] + rows[1], dim=0), rows[2]]))


@pytest.mark.parametrize('unseen', [None, ['grass', 'sky']])
@pytest.mark.parametrize('background', [False, True])
def test_new_classes_after_training(teacher, background, unseen):
    model = build(teacher, learn_background=background, unseen=unseen).eval()
    model.set_vocabulary(['zebra', 'sea, ocean', 'sun'])
    inputs = model.data_preprocessor(batch(), True)['inputs']
    scores = model.encode_decode(inputs, metas())
    assert scores.shape[1] == 3 + background
    names = ('background', ) * background + ('zebra', 'sea', 'sun')
    assert model.dataset_meta['classes'] == names
    assert len(model.dataset_meta['palette']) == len(names)
    words = model.teacher.text_encoder(
        ['zebra', 'sea', 'ocean', 'sun'], 'single')
    want = torch.stack([words[0], F.normalize(words[1] + words[2], dim=0),
                        words[3]])
    torch.testing.assert_close(
        model.decode_head.conv_seg.weight.flatten(1), want)


@pytest.mark.parametrize('test_cfg', [dict(mode='whole'), SLIDE])
def test_a_single_class_is_everywhere(teacher, test_cfg):
    model = build(
        teacher, student=dict(student(), test_cfg=test_cfg)).eval()
    model.set_vocabulary(['sun'])
    result = model.predict(
        model.data_preprocessor(batch(), True)['inputs'])[0]
    assert result.seg_logits.data.shape == (1, 64, 64)
    assert (result.seg_logits.data == 0).all()
    assert (result.pred_sem_seg.data == 0).all()


@pytest.mark.parametrize('self_training', [False, True])
def test_annotation_free_training_follows_the_classes(
        teacher, self_training):
    model = build(teacher, student=student(auxiliary=True))
    model.self_training = self_training
    data = model.data_preprocessor(batch(), True)
    labels = torch.full((2, 1, 64, 64), -1)
    model.set_vocabulary('zebra; sun; sea, ocean; sand')
    scores = torch.randn(2, 4, 8, 8,
                         generator=torch.Generator().manual_seed(0))
    got = model.pseudo_labels(data['inputs'], labels, scores)
    assert set(got.unique().tolist()) <= {0, 1, 2, 3}
    assert torch.isfinite(model.loss(**data)['aux.loss_ce'])
    model.set_vocabulary('zebra; sun')
    with pytest.raises(UserError, match='built for 4 classes.* to 2'):
        model.loss(**data)


@pytest.mark.parametrize('classes', [
    'zebra; sun; sea', 'cat; dog; grass; sky; sun', 'dog; cat; grass; sky'])
@pytest.mark.parametrize('self_training', [False, True])
def test_zero_shot_training_has_fixed_classes(teacher, classes,
                                              self_training):
    model = build(teacher, unseen=['grass', 'sky'])
    model.self_training = self_training
    data = model.data_preprocessor(batch(), True)
    loss = copy.deepcopy(model).loss(**data)['decode.loss_ce']
    model.set_vocabulary(classes)
    with pytest.raises(UserError, match='zero-shot training are fixed'):
        model.loss(**data)
    model.set_vocabulary(CLASSES)  # the training classes again
    assert torch.equal(model.loss(**data)['decode.loss_ce'], loss)


# -------------------------------------------------------- without a teacher
@pytest.fixture
def no_clip(monkeypatch):
    """Loading any CLIP fails."""
    from mmseg_clipzs.models.segmentors import zero_shot_segmentor

    def refuse(**kwargs):
        raise AssertionError('a CLIP was loaded')

    monkeypatch.setattr(zero_shot_segmentor, 'load_clip', refuse)


@pytest.mark.parametrize('background', [False, True])
@pytest.mark.parametrize('unseen', [None, ['grass', 'sky']])
def test_a_trained_student_needs_no_teacher(teacher, unseen, background,
                                            request):
    """The same predictions; its words may be set again, also renamed."""
    settings = dict(learn_background=background, unseen=unseen)
    trained = build(teacher, **settings).eval()
    inputs = trained.data_preprocessor(batch(), True)['inputs']
    want = trained.predict(inputs)
    request.getfixturevalue('no_clip')
    model = MODELS.build(ConfigDict(
        type='MaskClipPlus', student=student(), teacher=teacher, **settings))
    model.load_state_dict(trained.state_dict())
    model.eval()
    renamed = {f'my {name}': [name] for name in CLASSES}
    for classes in (None, CLASSES, renamed):
        if classes:
            model.set_vocabulary(classes)
        for got, expected in zip(model.predict(inputs), want):
            assert torch.equal(got.seg_logits.data, expected.seg_logits.data)
    names = ('background', ) * background + tuple(renamed)
    assert model.dataset_meta['classes'] == names
    rows = F.normalize(torch.randn(2, 24), dim=1)
    model.set_vocabulary('sea; sun', rows)  # ready-made embeddings
    torch.testing.assert_close(
        model.decode_head.conv_seg.weight.flatten(1), rows)
    with pytest.raises(AssertionError, match='a CLIP was loaded'):
        model.set_vocabulary('sea; sand')


def test_new_words_say_what_is_loaded(teacher, log):
    trained = build(teacher)
    model = MODELS.build(ConfigDict(
        type='MaskClipPlus', student=student(), teacher=teacher))
    model.load_state_dict(trained.state_dict())
    log.clear()
    model.set_vocabulary('sea; sun')
    assert "text tower of its teacher's CLIP, tiny-vit" in log[0]
    trained.set_vocabulary('sea; sun')
    assert torch.equal(model.decode_head.conv_seg.weight,
                       trained.decode_head.conv_seg.weight)


def test_an_untrained_student_does_not_run(teacher):
    model = MODELS.build(ConfigDict(
        type='MaskClipPlus', student=student(), teacher=teacher)).eval()
    inputs = model.data_preprocessor(batch(), True)['inputs']
    with pytest.raises(UserError, match='no text embeddings yet'):
        model.predict(inputs)
    model.set_vocabulary(CLASSES)  # embeds them
    assert len(model.predict(inputs)) == 2


# ----------------------------------------------------------------- settings
@pytest.mark.parametrize('kwargs, message', [
    (dict(student=student(channels=32)),
     '32 wide.*24.*decode_head.channels=24'),
    (dict(unseen=['unicorn']), 'unicorn.*not a class of'),
    (dict(unseen=[]), 'unseen= must name classes'),
    (dict(unseen=['background'], learn_background=True),
     'not a learnt background'),
    (dict(unseen='all', learn_background=True), 'not a learnt background'),
    (dict(conf_by='margin'), "conf_by='margin'"),
])
def test_bad_settings(teacher, kwargs, message):
    with pytest.raises(UserError, match=message):
        build(teacher, **kwargs)


def test_nothing_to_train(teacher, monkeypatch):
    from mmseg.models import EncoderDecoder
    init = EncoderDecoder.__init__

    def frozen(self, *args, **kwargs):
        init(self, *args, **kwargs)
        if type(self) is EncoderDecoder:
            self.requires_grad_(False)

    monkeypatch.setattr(EncoderDecoder, '__init__', frozen)
    with pytest.raises(UserError, match='no trainable parameter'):
        build(teacher)


def test_confidence_of_a_smoothing_teacher_is_a_probability(teacher):
    """Smoothed scores are unbounded; their shares are probabilities."""
    model = build(dict(
        teacher, backbone=dict(type='ClipViT', out_keys='raw'),
        decode_head=dict(type='MaskClipHead', ks_thresh=1.)),
        conf_by='probability', conf_thresh=.5)
    scores = torch.tensor([[4., 3., -1.], [1., 9., 2.]]).T  # (K, pixels)
    # Shifted to a minimum of 0: 5 / 9 of (5, 4, 0), and 9 / 12.
    assert model.probabilities(scores).amax(0).tolist() == pytest.approx(
        [5 / 9, 9 / 12])

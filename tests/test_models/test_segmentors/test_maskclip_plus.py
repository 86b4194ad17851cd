"""MaskCLIP+: targets, losses, students, leaks, new classes."""
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.models.losses import CrossEntropyLoss
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from mmseg_clipzs.models.decode_heads import MaskClipHead
from mmseg_clipzs.models.segmentors.pseudo_labels import assign_pseudo_labels
from mmseg_clipzs.models.segmentors.text_classifier import TextClassifier
from mmseg_clipzs.utils import UserError

CLASSES = ['cat', 'dog', 'grass', 'sky']
META = [dict(img_shape=(64, 64))] * 2
NORM = dict(type='BN', requires_grad=True)
RESNET = dict(
    type='ResNetV1c', depth=18, base_channels=8, out_indices=(0, 1, 2, 3),
    dilations=(1, 1, 2, 4), strides=(1, 2, 1, 1), norm_cfg=NORM)
HEADS = dict(
    fcn=dict(type='FCNHead', in_channels=64, in_index=3, num_convs=1),
    aspp=dict(type='ASPPHead', in_channels=64, in_index=3,
              dilations=(1, 2, 3, 4)),
    aspp_plus=dict(
        type='DepthwiseSeparableASPPHead', in_channels=64, in_index=3,
        dilations=(1, 2), c1_in_channels=8, c1_channels=8),
    psp=dict(type='PSPHead', in_channels=64, in_index=3, pool_scales=(1, 2)),
    uper=dict(type='UPerHead', in_channels=[8, 16, 32, 64],
              in_index=[0, 1, 2, 3], pool_scales=(1, 2)),
    segformer=dict(type='SegformerHead', in_channels=[8, 16, 32, 64],
                   in_index=[0, 1, 2, 3]))


def student(head='fcn', channels=24, auxiliary=False, **kwargs):
    cfg = dict(
        type='EncoderDecoder',
        data_preprocessor=dict(
            type='SegDataPreProcessor', mean=[120., 110., 100.],
            std=[60., 58., 56.], bgr_to_rgb=True, size=(64, 64)),
        backbone=RESNET,
        decode_head=dict(HEADS[head], channels=channels, norm_cfg=NORM,
                         dropout_ratio=0, align_corners=False),
        test_cfg=dict(mode='whole'), **kwargs)
    if auxiliary:
        cfg['auxiliary_head'] = dict(HEADS['fcn'], channels=8, norm_cfg=NORM)
    return cfg


@pytest.fixture(autouse=True)
def _scope():
    init_default_scope('mmseg')


@pytest.fixture(scope='module')
def teacher(tiny_vit):
    return dict(
        type='ZeroShotSegmentor', clip=tiny_vit,
        backbone=dict(type='ClipViT', last_block='maskclip'),
        decode_head=dict(type='MaskClipHead'), prompts='single',
        vocabulary=CLASSES)


def build(teacher, seed=0, **kwargs):
    torch.manual_seed(seed)
    model = MODELS.build(ConfigDict(
        {**dict(type='MaskClipPlus', student=student(), teacher=teacher),
         **kwargs}))
    model.init_weights()
    return model.train()


def batch(labels=True, seed=0, size=64):
    """Two photos of different sizes, padded by the preprocessor."""
    rng, label_rng = np.random.default_rng(seed), np.random.default_rng(1)
    data = dict(inputs=[], data_samples=[])
    for i, (h, w) in enumerate([(size, size), (size - 10, size - 20)]):
        image = rng.integers(0, 256, (3, h, w), dtype=np.uint8)
        sample = SegDataSample(metainfo=dict(
            img_path=f'photo{i}.jpg', ori_shape=(h, w), img_shape=(h, w)))
        if labels:
            gt = label_rng.choice([-1, 0, 1, 255], (1, h, w))
            sample.gt_sem_seg = PixelData(data=torch.from_numpy(gt))
        data['inputs'].append(torch.from_numpy(image))
        data['data_samples'].append(sample)
    return data


@pytest.mark.parametrize('case', [
    'self', 'self_normed', 'self_background', 'clip', 'clip_all',
    'clip_background', 'clip_confidence', 'clip_pd', 'clip_pd_high',
    'clip_ks', 'clip_ks_pd'])
def test_targets_of_the_authors_code(golden, case):
    """Pixel for pixel; low confidence is 255 here and -1 there."""
    file = golden('maskclip_plus_labels.npz')
    if f'{case}.out' not in file:
        pytest.skip(f'{case} is not among the stored cases')
    feat, keys, background, embeddings, labels, categories, want = (
        torch.from_numpy(file[key]) for key in (
            'feat', 'keys', 'background', 'embeddings', 'labels',
            f'{case}.categories', f'{case}.out'))
    categories = categories.long()
    classifier = TextClassifier(
        embeddings, learn_background='background' in case,
        normalize=case == 'self_normed')
    if 'background' in case:
        classifier.background.data = background[:, :, None, None]
    if case.startswith('self'):
        scores = classifier(feat)[:, categories]
        conf_thresh = None
    else:
        head = MaskClipHead(
            512, key_norm='tokens',
            pd_thresh={'clip_pd': 0.5, 'clip_ks_pd': 0.5,
                       'clip_pd_high': 0.999}.get(case),
            ks_thresh=1.0 if '_ks' in case else None)
        head.set_text_embeddings(
            classifier.class_weights().flatten(1)[categories])
        scores = head((feat, keys.transpose(1, 2).unflatten(2, (6, 7))))
        conf_thresh = 0.03 if case == 'clip_confidence' else None
    got = assign_pseudo_labels(scores, labels.long(), categories, conf_thresh)
    want = want.long()
    if conf_thresh:
        want = torch.where(want == -1, 255, want)
    assert torch.equal(got, want)


@pytest.mark.parametrize('background', [False, True])
@pytest.mark.parametrize('self_training', [False, True])
def test_targets_by_the_rules(teacher, background, self_training):
    """A plain loop over pixels, on random scores and all label cases."""
    model = build(teacher, unseen=['grass', 'sky'],
                  learn_background=background)
    model.self_training = self_training
    shift = int(background)
    data = model.data_preprocessor(batch(), True)
    inputs, samples = data['inputs'], data['data_samples']
    labels = torch.stack([s.gt_sem_seg.data for s in samples])
    logits = torch.randn(2, len(CLASSES) + shift, 7, 9)
    got = model.targets(inputs, labels, logits)
    if self_training:
        categories = ([0] if background else []) + [2 + shift, 3 + shift]
        scores = logits[:, categories]
    else:
        categories = [2 + shift, 3 + shift]
        scores = model._ask_teacher(inputs)[1]
        assert scores.shape[1] == 2
    scores = F.interpolate(scores, labels.shape[2:], mode='bilinear')
    for n, y, x in np.random.default_rng(1).integers(
            0, (2, 64, 64), (300, 3)):
        label = labels[n, 0, y, x].item()
        if label == -1:
            label = categories[scores[n, :, y, x].argmax().item()]
        assert got[n, 0, y, x] == label


def test_teacher_has_its_own_normalisation(teacher):
    """What reaches it is the photo under CLIP's mean and std."""
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


def test_a_cpus_autocast_leaves_the_teacher_alone(teacher):
    """Its scores are those of its own precision."""
    model = build(teacher)
    inputs = model.data_preprocessor(batch(), True)['inputs']
    features, scores = model._ask_teacher(inputs)
    with torch.autocast('cpu', torch.bfloat16):
        assert torch.ones(2, 2).mm(torch.ones(2, 2)).dtype == torch.bfloat16
        other_features, other_scores = model._ask_teacher(inputs)
    assert torch.equal(features, other_features)
    assert torch.equal(scores, other_scores)


def test_a_teacher_in_bfloat16(teacher, tiny_vit):
    """Nearly the same targets, the student's losses in float32."""
    half = {**teacher, 'clip': dict(tiny_vit, precision='bf16')}
    losses, targets = [], []
    for each in (teacher, half):
        model = build(each).eval()
        data = model.data_preprocessor(batch(), True)
        labels = torch.full((2, 1, 64, 64), -1)
        targets.append(model.targets(data['inputs'], labels, None))
        losses.append(model.loss(**data)['decode.loss_ce'])
    assert (targets[0] == targets[1]).float().mean() > 0.9
    assert losses[1].dtype == torch.float32
    torch.testing.assert_close(losses[1], losses[0], rtol=0.1, atol=0)


def test_annotation_free_reads_no_label(teacher):
    """With labels there, absent or wrong: the same targets and losses."""
    losses = []
    for labels in (True, False):
        model = build(teacher)
        data = model.data_preprocessor(batch(labels=labels), True)
        losses.append(model.loss(**data)['decode.loss_ce'])
    assert torch.equal(*losses)


@pytest.mark.parametrize('auxiliary', [False, True])
@pytest.mark.parametrize('unseen', [None, ['grass', 'sky']])
def test_losses_are_mmsegs_on_the_targets(teacher, unseen, auxiliary):
    model = build(teacher, student=student(auxiliary=auxiliary),
                  unseen=unseen).eval()
    data = model.data_preprocessor(batch(), True)
    losses = model.loss(**data)
    x = model.extract_feat(data['inputs'])
    logits = model.decode_head(x)
    labels = torch.stack([s.gt_sem_seg.data for s in data['data_samples']])
    if unseen is None:
        labels = torch.full_like(labels, -1)
        labels[1, :, 54:] = 255  # padding of the smaller photo
        labels[1, :, :, 44:] = 255
    targets = model.targets(data['inputs'], labels, logits)
    want = CrossEntropyLoss()(
        F.interpolate(logits, (64, 64), mode='bilinear'), targets[:, 0],
        ignore_index=255)
    torch.testing.assert_close(losses['decode.loss_ce'], want)
    assert ('aux.loss_ce' in losses) == auxiliary


@pytest.mark.parametrize('head', HEADS)
def test_any_head_that_ends_in_conv_seg(teacher, head):
    model = build(teacher, student=student(head))
    data = model.data_preprocessor(batch(labels=False), True)
    frozen = model.decode_head.conv_seg.weight.clone()
    loss = sum(v for k, v in model.loss(**data).items() if 'loss' in k)
    loss.backward()
    trained = [p for p in model.parameters() if p.grad is not None]
    optimizer = torch.optim.SGD(model.parameters(), 0.1, weight_decay=0.1)
    optimizer.step()
    assert len(trained) > 20 and torch.isfinite(loss)
    assert torch.equal(model.decode_head.conv_seg.weight, frozen)
    torch.testing.assert_close(
        frozen.flatten(1), model.teacher.text_encoder(CLASSES, 'single'))
    result = model.eval().predict(data['inputs'][:1])[0]
    assert result.pred_sem_seg.data.shape == (1, 64, 64)


def test_checkpoint_has_no_teacher_and_stock_names(teacher):
    model = build(teacher)
    stock = MODELS.build(dict(
        student(), decode_head=dict(student()['decode_head'],
                                    num_classes=4)))
    state = model.state_dict()
    assert {key.removeprefix('student.') for key in state} == set(
        stock.state_dict())
    assert not any('teacher' in key for key, _ in model.named_parameters())


def test_background_is_learnt_and_text_is_not(teacher):
    model = build(teacher, learn_background=True)
    assert model.vocabulary.classes[0] == 'background'
    data = model.data_preprocessor(batch(labels=False), True)
    model.loss(**data)['decode.loss_ce'].backward()
    classifier = model.decode_head.conv_seg
    assert classifier.background.grad.abs().sum() > 0
    assert classifier.weight.grad is None
    assert model.encode_decode(data['inputs'], META).shape == (2, 5, 64, 64)


def test_distillation(teacher):
    """L1 to the teacher's unit features; gradients reach the student."""
    model = build(teacher, distill_weight=2.0)
    data = model.data_preprocessor(batch(labels=False), True)
    losses = model.loss(**data)
    assert list(losses) == ['loss_distill']
    losses['loss_distill'].backward()
    assert model.student.backbone.stem[0].weight.grad.abs().sum() > 0


def test_new_classes_after_training(teacher):
    model = build(teacher).eval()
    model.set_vocabulary(['zebra', 'sea, ocean', 'sun'])
    inputs = torch.randn(1, 3, 64, 64)
    logits = model.encode_decode(inputs, META)
    assert logits.shape[1] == 3
    assert model.dataset_meta['classes'] == ('zebra', 'sea', 'sun')
    words = model.teacher.text_encoder(
        ['zebra', 'sea', 'ocean', 'sun'], 'single')
    want = torch.stack([words[0], F.normalize(words[1] + words[2], dim=0),
                        words[3]])
    torch.testing.assert_close(
        model.decode_head.conv_seg.weight.flatten(1), want)


def test_a_hidden_label_in_the_loss_stops_training(teacher):
    model = build(teacher, unseen=['dog'])
    data = model.data_preprocessor(batch(), True)
    with pytest.raises(UserError, match='unseen class 1 reached the loss'):
        model.loss(**data)


def test_a_teacher_without_dense_features():
    from mmseg_clipzs.models.segmentors import ImageTextContrastive
    groupvit = dict(
        type=ImageTextContrastive, weights=None, vocabulary='cat; dog',
        backbone=dict(
            type='GroupViT', embed_dims=16, num_heads=2, depths=(1, 1),
            num_group_tokens=(4, 0), num_output_groups=(2, )),
        text_backbone=dict(type='TextTransformer', embed_dims=64, depth=1),
        decode_head=dict(type='GroupViTHead'), projector_dims=16)
    with pytest.raises(UserError, match='ImageTextContrastive has none'):
        build(groupvit)


def test_nan_names_iteration_and_images(teacher):
    model = build(teacher)
    model.student.backbone.layer1[0].conv1.weight.data[:] = torch.nan
    data = model.data_preprocessor(batch(labels=False), True)
    with pytest.raises(FloatingPointError, match='iteration.*photo0.jpg'):
        model.loss(**data)


@pytest.mark.parametrize('kwargs, message', [
    (dict(student=student(channels=32)),
     '32 wide.*24.*decode_head.channels=24'),
    (dict(unseen=['unicorn']), 'unicorn.*no class of the list'),
    (dict(student=dict(student(), decode_head=[
        student()['decode_head']] * 2)), 'one decode_head'),
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


def test_mapped_baseline(tiny_rn):
    """Its classifier is trained; hidden labels do not count."""
    model = MODELS.build(ConfigDict(
        type='TextMappedSegmentor', clip=tiny_rn, prompts='single',
        data_preprocessor=dict(type='SegDataPreProcessor', size=(64, 64)),
        backbone=dict(type='ClipResNet', out_stages=True),
        decode_head=dict(type='FCNHead', in_channels=256, in_index=3,
                         channels=16, num_convs=1, norm_cfg=NORM),
        vocabulary=CLASSES, unseen=['grass', 'sky'],
        test_cfg=dict(mode='whole')))
    model.init_weights()
    data = model.data_preprocessor(batch(), True)
    model.train().loss(**data)['decode.loss_ce'].backward()
    mapper = model.decode_head.conv_seg.mapper
    assert mapper[0].weight.grad.abs().sum() > 0
    assert model.backbone.visual.conv1.weight.grad is not None
    model.set_vocabulary(['zebra', 'sun'])
    assert model.eval().encode_decode(
        data['inputs'], META).shape == (2, 2, 64, 64)

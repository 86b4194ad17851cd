"""mmseg's heads: which can be trained, and which scores they use."""
import copy

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.models.decode_heads import FCNHead
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from students import HEADS, NORM, batch, build, metas, student, total

from mmseg_clipzs.labels import HIDDEN_LABEL
from mmseg_clipzs.models.segmentors.trained_heads import (
    check_finite,
    has_more_classifiers,
    run_head,
    to_log_probabilities,
    with_classes,
)
from mmseg_clipzs.utils import UserError

pytestmark = pytest.mark.usefixtures('one_thread')
OCR = [dict(HEADS['fcn'], channels=24, norm_cfg=NORM),
       dict(type='OCRHead', in_channels=64, in_index=3, channels=24,
            ocr_channels=8, norm_cfg=NORM)]
PID = dict(type='PIDHead', in_channels=64, channels=24, norm_cfg=NORM)
MASK2FORMER = dict(
    type='Mask2FormerHead', in_channels=[8, 16, 32, 64], feat_channels=24,
    out_channels=24, num_queries=10, num_transformer_feat_level=3)
KNET = dict(type='IterativeDecodeHead', num_stages=1,
            kernel_generate_head=OCR[0], kernel_update_head=[{}])
DEPTH = dict(type='VPDDepthHead', max_depth=10.)


@pytest.mark.parametrize('head', HEADS)
def test_heads_train_through_the_switch(teacher, head):
    """Zero-shot: the teacher's labels, then the student's own."""
    model = build(teacher, student=student(head), unseen=['grass', 'sky'])
    frozen = model.decode_head.conv_seg.weight.clone()
    optimizer = torch.optim.SGD(model.parameters(), 0.01, weight_decay=0.1)
    for model.self_training in (False, True):
        data = model.data_preprocessor(batch(), True)
        optimizer.zero_grad()
        loss = total(model.loss(**data))
        loss.backward()
        optimizer.step()
        assert torch.isfinite(loss)
        trained = [p for p in model.parameters() if p.grad is not None]
        assert len(trained) > 20
    assert torch.equal(model.decode_head.conv_seg.weight, frozen)
    torch.testing.assert_close(frozen.flatten(1), model.teacher.text_encoder(
        model.vocabulary.words, 'single'))
    result = model.eval().predict(data['inputs'][:1])[0]
    assert result.pred_sem_seg.data.shape == (1, 64, 64)


@pytest.mark.parametrize('head', HEADS)
def test_own_labels_are_what_the_student_predicts(teacher, head):
    """Self-training without labels: the argmax of the head's prediction."""
    model = build(teacher, student=student(head))
    model.self_training = True
    inputs = model.data_preprocessor(batch(), True)['inputs']
    twin = copy.deepcopy(model.decode_head)
    x = model.extract_feat(inputs)
    scores = run_head(model.decode_head, x)[2]
    labels = torch.full((2, 1, 64, 64), HIDDEN_LABEL)
    got = model.pseudo_labels(inputs, labels, scores)
    # Batch statistics of training, output of testing.
    prediction = twin(x)
    if isinstance(prediction, tuple):
        prediction = prediction[0]
    prediction = twin.predict_by_feat(prediction, metas())
    assert (got[:, 0] == prediction.argmax(1)).float().mean() > 0.999


def test_recorded_features_and_scores(teacher):
    head = build(teacher).eval().decode_head
    x = [torch.randn(2, c, 8, 8, generator=torch.Generator().manual_seed(0))
         for c in (8, 16, 32, 64)]
    output, features, scores = run_head(head, x)
    assert torch.equal(output, scores)
    torch.testing.assert_close(features, head._forward_feature(x))
    assert not head.conv_seg._forward_hooks


@MODELS.register_module()
class UnusedClassifierHead(FCNHead):
    """A head that does not use its ``conv_seg``."""

    def forward(self, inputs):
        return self._forward_feature(inputs)[:, :self.num_classes]


def test_an_unused_conv_seg(teacher):
    head = dict(student()['decode_head'], type='UnusedClassifierHead')
    model = build(teacher, student=dict(student(), decode_head=head))
    data = model.data_preprocessor(batch(labels=False), True)
    with pytest.raises(UserError, match='UnusedClassifierHead does not use'):
        model.loss(**data)


@pytest.mark.parametrize('head, message', [
    (PID, 'PIDHead is trained with more than label maps'),
    (MASK2FORMER, 'Mask2FormerHead does not classify pixel by pixel'),
    (dict(MASK2FORMER, type='MaskFormerHead'), 'MaskFormerHead does not'),
    (KNET, 'IterativeDecodeHead refines'),
    (DEPTH, 'VPDDepthHead is trained with more than label maps'),
    (OCR[1], 'OCRHead refines'),
    (OCR, 'cascade of 2 heads, ending in OCRHead'),
    (dict(type='SegmenterMaskTransformerHead', in_channels=64, channels=24,
          num_layers=1, num_heads=2, embed_dims=24),
     'SegmenterMaskTransformerHead does not end in conv_seg'),
])
def test_unfit_heads_are_refused_when_the_model_is_built(
        teacher, head, message):
    cascade = isinstance(head, list)
    cfg = dict(student(), decode_head=head)
    if cascade:
        cfg.update(type='CascadeEncoderDecoder', num_stages=2)
    with pytest.raises(UserError, match=f'{message}.*FCNHead'):
        build(teacher, student=cfg, unseen=['sky'])


def test_auxiliary_heads_learn_from_label_maps_too():
    cfg = dict(student(auxiliary=True), auxiliary_head=[HEADS['fcn'], PID])
    with pytest.raises(UserError, match='PIDHead'):
        with_classes(cfg, 3)


def test_class_counts_reach_all_heads():
    cfg = with_classes(dict(
        decode_head=HEADS['fcn'], auxiliary_head=[OCR[0], OCR[0]]), 7)
    heads = [cfg['decode_head'], *cfg['auxiliary_head']]
    assert [head['num_classes'] for head in heads] == [7, 7, 7]
    assert 'num_classes' not in HEADS['fcn']


def test_unknown_heads_are_the_registrys_to_refuse(teacher):
    head = dict(type='NoSuchHead')
    with pytest.raises(KeyError, match='NoSuchHead'):
        build(teacher, student=dict(student(), decode_head=head))


@pytest.mark.parametrize('head, auxiliary, want', [
    ('fcn', False, False), ('fcn', True, True), ('uper', False, False),
    ('enc', False, True), ('ddr', False, True), ('da', False, True)])
def test_further_classifiers(head, auxiliary, want):
    cfg = with_classes(student(head, auxiliary=auxiliary), 3)
    assert has_more_classifiers(MODELS.build(cfg)) == want


def test_log_probabilities():
    scores = torch.tensor([1., 3., 2.]).view(3, 1, 1)
    result = SegDataSample(
        seg_logits=PixelData(data=scores),
        pred_sem_seg=PixelData(data=torch.zeros(1, 1, 1)))
    to_log_probabilities([result])
    e = torch.e
    want = torch.tensor([e, e**3, e**2]) / (e + e**2 + e**3)
    torch.testing.assert_close(result.seg_logits.data.exp().flatten(), want)
    assert result.pred_sem_seg.data.tolist() == [[[1]]]
    assert result.pred_sem_seg.data.dtype == torch.int64


def test_losses_that_are_not_finite():
    sample = SegDataSample(metainfo=dict(img_path='a.jpg'))
    check_finite(dict(loss=torch.tensor(1.), acc=torch.tensor(torch.nan)),
                 [sample])
    with pytest.raises(FloatingPointError, match='loss_ce is nan.*a.jpg'):
        check_finite(dict(loss_ce=torch.tensor(torch.nan)), [sample])

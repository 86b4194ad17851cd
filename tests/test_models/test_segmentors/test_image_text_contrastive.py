"""GroupViT as a segmentor: decoding, losses, training steps, weights."""
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from processes import run_python
from small_groupvit import small_groupvit as small

from mmseg_clipzs.models.decode_heads.groupvit_head import GroupFeatures
from mmseg_clipzs.models.groupvit_weights import from_official
from mmseg_clipzs.models.segmentors.contrastive_loss import contrastive_loss
from mmseg_clipzs.utils import UserError

pytestmark = pytest.mark.usefixtures('one_thread')

ROOT = Path(__file__).parents[3]
SCALES = dict(nobg=None, bg95=.95, bg35=.35)
DECODED = [('tiny_one_stage', 224, 224), ('tiny_two_stage', 224, 224),
           ('tiny_two_stage', 320, 224)]
FUNCTION = [
    'best_group_is_empty', 'best_group_is_empty_low', 'five_classes',
    'many_classes', 'one_class', 'one_class_bg', 'one_stage_map',
    'scale_clamped', 'tall_window', 'three_classes_bg',
    'threshold_equals_a_score', 'tie_groups_and_classes',
    'tie_groups_and_classes_bg', 'two_stage_bg35', 'two_stage_bg95',
    'two_stage_nobg', 'zero_feature']


def words(count):
    return [f'word {chr(97 + i // 26)}{chr(97 + i % 26)}'
            for i in range(count)]


def images(*sizes):
    rng = np.random.default_rng(0)
    return [torch.from_numpy(rng.integers(0, 256, (3, *size), dtype=np.uint8))
            for size in sizes]


def predict(model, photos):
    with torch.no_grad():
        return model.test_step(dict(
            inputs=photos, data_samples=[
                SegDataSample(metainfo=dict(ori_shape=tuple(p.shape[1:])))
                for p in photos]))


def compare_decoded(got, stored, sure, threshold, atol):
    """Probabilities of the classes, and where background wins.

    The authors' background channel is 1 or 0; ours is at least the threshold,
    or just below the class that wins.
    """
    if threshold is not None:
        is_background = stored[0] == 1
        assert (got[0][is_background & sure] == 1).all()
        rest = ~is_background & sure
        best = got[1:].max(0)[rest]
        np.testing.assert_allclose(
            got[0][rest], np.minimum(threshold, best), rtol=1e-5)
        got, stored = got[1:], stored[1:]
    np.testing.assert_allclose(got[:, sure], stored[:, sure], atol=atol)


# ------------------------------------------------------- the authors' numbers
@pytest.mark.parametrize('name, h, w', DECODED)
@pytest.mark.parametrize('tag', SCALES)
def test_decoding_is_the_authors(groupvit, golden, name, h, w, tag):
    stored = golden(f'groupvit_{name}_decode_{h}x{w}_6classes.npz')
    seed = golden(f'groupvit_{name}_encoder_{h}x{w}.npz')['image_seed']
    model = groupvit(name, background_threshold=SCALES[tag])
    model.set_vocabulary(words(6), torch.from_numpy(stored['text']))
    image = torch.from_numpy(groupvit.seeded.seeded_image(h, w, int(seed)))
    with torch.no_grad():
        logits = model.encode_decode(image, [{}])[0]
        got = logits.exp().numpy()
        features = model.extract_feat(image)
    groups = model.decode_head.group_maps(features, (h, w))
    sure = np.unpackbits(stored['sure_pixels'])[:h * w].reshape(h, w) == 1
    assert got.shape == stored[f'logits_{tag}'].shape
    compare_decoded(got, stored[f'logits_{tag}'], sure, SCALES[tag], 1e-3)
    for ours, theirs in ((logits.argmax(0).numpy(), stored[f'argmax_{tag}']),
                         (groups[-1][0].numpy(), stored['group_index'])):
        assert (ours == theirs)[sure].all()
        assert (ours == theirs).mean() > .999


@pytest.mark.parametrize('case', FUNCTION)
def test_decoding_as_a_function(golden, case):
    """Ties, clamping, thresholds met exactly, empty groups."""
    stored = golden('groupvit_decode_function.npz')
    s = {key.split('/')[1]: stored[key] for key in stored
         if key.startswith(f'{case}/')}
    h, w = s['hw']
    maps = [torch.from_numpy(s[key])[None] for key in ('map_0', 'map_1')
            if key in s]
    model = small(
        embed_dims=s['text'].shape[1],
        background_threshold=float(s['bg_thresh']) if s['with_bg'] else None)
    model.set_vocabulary(words(len(s['text'])), torch.from_numpy(s['text']))
    model.logit_scale.data = torch.tensor(s['logit_scale'])
    features = GroupFeatures(
        F.normalize(torch.from_numpy(s['image_x'])[None], dim=-1),
        F.normalize(torch.from_numpy(s['feat'])[None], dim=-1),
        tuple(maps), (h // 16, w // 16))
    model.extract_feat = lambda inputs: features
    with torch.no_grad():
        logits = model.encode_decode(torch.zeros(1, 3, h, w), [{}])[0]
    got = logits.exp().numpy()
    groups = model.decode_head.group_maps(features, (h, w))[-1][0].numpy()
    sure = ~s['unsure'] if 'tie' not in case else np.ones((h, w), bool)
    compare_decoded(got, s['logits'], sure, model.background_threshold, 1e-4)
    assert (logits.argmax(0).numpy() == s['argmax'])[sure].all()
    assert (groups == s['group_index'])[sure].all()


LOSSES = ['contrastive', 'contrastive_scale_90', 'contrastive_clamped',
          'multi_label', 'multi_label_shared', 'multi_label_2x3',
          'multi_label_1x1', 'multi_label_clamped']


def loss_and_gradients(stored):
    """The loss of one stored case and all its gradients."""
    image, text = (
        torch.from_numpy(np.ascontiguousarray(
            stored[key if key in stored else key.replace('feat', 'x')]))
        for key in ('image_feat', 'text_feat'))
    scale = torch.tensor(stored['logit_scale'], requires_grad=True)
    image, text = image.requires_grad_(), text.requires_grad_()
    normed = (F.normalize(x.reshape(len(x), -1, x.shape[-1]), dim=-1)
              for x in (image, text))
    loss = contrastive_loss(*normed, scale.exp().clamp(max=100))
    loss.backward()
    return loss, image.grad, text.grad, scale.grad


def check_loss(stored, got):
    names = [key for key in stored if key.startswith('grad_')]
    wanted = [stored['loss'], *(
        next(stored[n] for n in names if part in n)
        for part in ('image', 'text', 'logit_scale'))]
    for value, want in zip(got, wanted):
        np.testing.assert_allclose(
            value.detach().numpy(), want, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize('case', LOSSES)
def test_losses_are_the_authors(golden, case):
    stored = golden('groupvit_losses.npz')
    stored = {key.split('/')[2]: stored[key] for key in stored
              if key.startswith(f'world1/{case}/')}
    check_loss(stored, loss_and_gradients(stored))


def torchrun(tmp_path, *arguments):
    done = run_python(__file__, *arguments, processes=2)
    assert done.returncode == 0, done.stderr[-4000:]


@pytest.mark.slow
def test_losses_of_two_processes_are_the_authors(golden, tmp_path):
    """All cases; input gradients are those of both ranks' losses."""
    stored = golden('groupvit_losses.npz')
    torchrun(tmp_path, 'losses', Path(stored.fid.name), tmp_path)
    got = [torch.load(tmp_path / f'{rank}.pt') for rank in range(2)]
    for case in LOSSES:
        for rank in range(2):
            s = {key.split('/')[2]: stored[key][rank] for key in stored
                 if key.startswith(f'world2/{case}/')}
            check_loss(s, got[rank][case])


def train_samples(count, texts=4, seed=0):
    rng = np.random.default_rng(seed)
    inputs = torch.from_numpy(rng.standard_normal((count, 3, 32, 32))).float()
    tokens = torch.from_numpy(rng.integers(1, 49000, (count, texts, 77)))
    tokens[:, :, 0], tokens[:, :, 9] = 49406, 49407
    samples = [SegDataSample() for _ in range(count)]
    for sample, one in zip(samples, tokens):
        sample.tokens = one
    return inputs, samples


LAYER_NORM = dict(norm_cfg=dict(type='LN'))  # no statistics over the batch


@pytest.mark.slow
def test_two_processes_are_one_with_the_doubled_batch(tmp_path):
    """Losses and all gradients, under DistributedDataParallel."""
    model = small(**LAYER_NORM).train()
    losses = model.loss(*train_samples(8))
    sum(v for k, v in losses.items() if 'loss' in k).backward()
    torchrun(tmp_path, 'model', '-', tmp_path)
    ranks = [torch.load(tmp_path / f'{rank}.pt') for rank in range(2)]
    for key in ('loss_contrastive', 'loss_multi_label'):
        mean = (ranks[0][key] + ranks[1][key]) / 2
        torch.testing.assert_close(mean, losses[key].detach())
    # Gradients of some biases are rounding errors: hence the absolute part.
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(ranks[0]['grads'][name], parameter.grad,
                                   atol=1e-5, rtol=1e-4, msg=name)


def test_training_step_is_the_authors(groupvit, golden, monkeypatch):
    """Losses, gradients of 185 parameters, batch norm's statistics."""
    s = golden('groupvit_tiny_two_stage_train_step.npz')
    model = groupvit('tiny_two_stage').train()
    noises = [torch.from_numpy(s[f'noise_{i}'])[:, 0] for i in (0, 1)]
    monkeypatch.setattr(
        torch.Tensor, 'exponential_',
        lambda self: self.copy_(torch.exp(-noises.pop(0))))
    inputs = torch.from_numpy(np.concatenate([
        groupvit.seeded.seeded_image(224, 224, int(seed))
        for seed in s['image_seeds']]))
    samples = [SegDataSample() for _ in inputs]
    for sample, tokens in zip(samples, s['tokens']):
        sample.tokens = torch.from_numpy(tokens).long()
    losses = model.loss(inputs, samples)
    for ours, theirs in (('contrastive', 'loss'),
                         ('multi_label', 'multi_label_loss')):
        assert losses[f'loss_{ours}'].item() == pytest.approx(
            float(s[theirs]), rel=1e-4)
    (losses['loss_contrastive'] + losses['loss_multi_label']).backward()

    own = from_official({name: torch.zeros(()) for name in s['grad_names']})
    grads = {name: p.grad for name, p in model.named_parameters()}
    assert set(own) == set(grads)
    for ours, theirs, norm, exact in zip(
            own, s['grad_names'], s['grad_norms'], s['grad_norms_float64']):
        if exact > 1e-9:
            assert grads[ours].norm().item() == pytest.approx(
                norm, rel=1e-3, abs=1e-6), theirs
    whole = [name[5:] for name in s if name.startswith('grad/')]
    assert len(whole) == 11
    for theirs in whole:
        ours, = from_official({theirs: torch.zeros(())})
        want = torch.from_numpy(np.array(s[f'grad/{theirs}']))
        torch.testing.assert_close(
            grads[ours], want.view_as(grads[ours]), rtol=1e-3, atol=1e-4)
    state = model.state_dict()
    for name in s:
        if name.startswith('buffer/'):
            ours, = from_official({name[7:]: torch.zeros(())})
            torch.testing.assert_close(
                state[ours], torch.from_numpy(np.array(s[name])), rtol=1e-4,
                atol=1e-5)


# --------------------------------------------------------------- the losses
def plain_loss(image, text, scale):
    """A plain loop over all pairs of images and texts."""
    def one_way(rows, columns):
        total, count = 0., 0
        for i, own in enumerate(rows):
            for row in own:
                scores = [[float(scale * row @ column) for column in other]
                          for other in columns]
                norm = np.log(np.exp(np.concatenate(scores)).sum())
                total -= np.mean([score - norm for score in scores[i]])
                count += 1
        return total / count

    return (one_way(image, text) + one_way(text, image)) / 2


@pytest.mark.parametrize('own, others', [(1, 1), (1, 3), (2, 3)])
def test_loss_is_a_double_loop(own, others):
    rng = np.random.default_rng(0)
    image, text = (
        F.normalize(torch.from_numpy(rng.standard_normal((4, n, 8))), dim=-1)
        for n in (own, others))
    assert contrastive_loss(image, text, torch.tensor(7.)).item() == \
        pytest.approx(plain_loss(image.numpy(), text.numpy(), 7.))


def test_losses_in_half_precision_are_not_rounded():
    model = small(**LAYER_NORM).train()
    want = model.loss(*train_samples(6))
    with torch.autocast('cpu', torch.bfloat16):
        got = model.loss(*train_samples(6))
    for key in ('loss_contrastive', 'loss_multi_label'):
        assert got[key].dtype == torch.float32
        assert got[key].item() == pytest.approx(want[key].item(), rel=.05)
        assert got[key].bfloat16().float() != got[key]


def test_caption_alone():
    model = small(num_nouns=0).train()
    losses = model.loss(*train_samples(4, texts=1))
    assert set(losses) == {'loss_contrastive', 'logit_scale'}
    assert 'multi_label_logit_scale' not in model.state_dict()


def test_labels_are_not_read():
    """Label maps in the data are ignored."""
    from mmengine.structures import PixelData
    model = small(**LAYER_NORM).train()
    inputs, samples = train_samples(4)
    want = model.loss(inputs, samples)
    for sample in samples:
        sample.gt_sem_seg = PixelData(
            data=torch.ones(1, 32, 32, dtype=torch.int64))
    for key, value in model.loss(inputs, samples).items():
        assert torch.equal(value, want[key])


# --------------------------------------------------------------- invariants
MODES = {'whole': dict(mode='whole'),
         'slide': dict(mode='slide', crop_size=(32, 32), stride=(16, 16))}


@pytest.mark.parametrize('mode', MODES)
@pytest.mark.parametrize('threshold', [None, .5])
def test_batch_is_singles(mode, threshold):
    """Sizes A, B, A; each equals its own prediction."""
    model = small(test_cfg=MODES[mode], background_threshold=threshold,
                  vocabulary=words(7))
    photos = images((40, 56), (33, 41), (40, 56))
    for photo, got in zip(photos, predict(model, photos)):
        want, = predict(model, [photo])
        torch.testing.assert_close(got.seg_logits.data, want.seg_logits.data)
        assert torch.equal(got.pred_sem_seg.data, want.pred_sem_seg.data)
        assert got.pred_sem_seg.shape == photo.shape[1:]


def test_windows_are_decoded_one_by_one_and_averaged():
    """Windows average probabilities; background is a vote."""
    model, strict = (
        small(test_cfg=MODES['slide'], vocabulary=words(7),
              background_threshold=threshold) for threshold in (None, .4))
    x = torch.randn(1, 3, 48, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        got = model.inference(x, [{}]).exp()
        total, count = torch.zeros(1, 7, 48, 64), torch.zeros(48, 64)
        votes = torch.zeros(48, 64)
        for y in (0, 16):
            for z in (0, 16, 32):
                window = x[..., y:y + 32, z:z + 32]
                total[..., y:y + 32, z:z + 32] += model.encode_decode(
                    window, [{}]).exp()
                count[y:y + 32, z:z + 32] += 1
                votes[y:y + 32, z:z + 32] += strict.encode_decode(
                    window, [{}])[0].argmax(0) == 0
    torch.testing.assert_close(got, total / count)
    with torch.no_grad():
        result, = strict.predict(x)
    mean = torch.cat([(votes / count)[None], got[0]])
    assert torch.equal(result.pred_sem_seg.data[0], mean.argmax(0))
    assert 0 < (result.pred_sem_seg.data == 0).float().mean() < 1
    torch.testing.assert_close(result.seg_logits.data[1:].exp(), got[0])


def test_permuted_names_permute_channels():
    order = [3, 0, 6, 2, 5, 1, 4]
    photos = images((40, 56))
    want, = predict(small(vocabulary=words(7)), photos)
    got, = predict(small(vocabulary=[words(7)[i] for i in order]), photos)
    torch.testing.assert_close(
        got.seg_logits.data, want.seg_logits.data[order])


def test_synonyms_give_the_best_word():
    """A class of two words scores like the better one of them."""
    model, photos = small(), images((32, 32))
    x = model.data_preprocessor(dict(inputs=photos))['inputs']
    model.set_vocabulary([['word aa', 'word ab'], ['word ac']])
    with torch.no_grad():
        got = model.encode_decode(x, [{}])
        features = model.extract_feat(x)
        logits = model.logit_scale.exp() * model.decode_head(features)
    best = torch.stack([logits[:, :2].amax(1), logits[:, 2]], dim=1)
    want = model.decode_head.paint(
        best[..., 1:].softmax(1)**2,
        model.decode_head.group_maps(features, (32, 32))[-1])
    torch.testing.assert_close(got.exp(), want)


def test_words_follow_the_weights():
    """Words are re-embedded after training or loading a checkpoint."""
    model = small(vocabulary=words(5))
    photos = images((32, 32))
    first, = predict(model, photos)
    model.train()
    with torch.no_grad():
        for parameter in model.text_backbone.parameters():
            parameter.add_(.2 * torch.randn_like(parameter))
    model.eval()
    second, = predict(model, photos)
    assert not torch.equal(first.seg_logits.data, second.seg_logits.data)
    other = small(vocabulary=words(5))
    predict(other, photos)
    other.load_state_dict(model.state_dict())
    third, = predict(other, photos)
    assert torch.equal(second.seg_logits.data, third.seg_logits.data)


def test_ready_made_embeddings_stay():
    embeddings = F.normalize(torch.randn(5, 16), dim=1)
    model = small()
    model.set_vocabulary(words(5), embeddings)
    model.train().eval()
    predict(model, images((32, 32)))
    assert torch.equal(model.decode_head.text_embeddings, embeddings)


def test_groups_are_kept_when_asked():
    model = small(vocabulary=words(5))
    photo, = images((40, 56))
    result, = predict(model, [photo])
    assert 'groups' not in result
    model.keep_groups = True
    result, = predict(model, [photo])
    groups, mask = result.groups.data, result.pred_sem_seg.data[0]
    assert groups.shape == (2, 40, 56)
    for group in groups[-1].unique():  # a group has one class
        assert len(mask[groups[-1] == group].unique()) == 1


# ---------------------------------------------------------------- bad input
@pytest.mark.parametrize('settings, message', [
    (dict(pretrained='x.pth'), 'Name the weights of GroupViT in weights='),
    (dict(background_threshold=1.5), 'must be a number in'),
    (dict(decode_head=dict(type='GroupViTHead', topk=0)), 'topk must be'),
])
def test_bad_settings(settings, message):
    with pytest.raises(UserError, match=message):
        small(**settings)


def test_weights_must_be_named():
    with pytest.raises(UserError, match='weights=None'):
        MODELS.build(dict(
            type='ImageTextContrastive', backbone=dict(type='GroupViT'),
            text_backbone=dict(type='TextTransformer'),
            decode_head=dict(type='GroupViTHead')))


def test_other_number_of_nouns():
    model = small().train()
    with pytest.raises(UserError, match='num_nouns=3, but .* 1 noun prompts'):
        model.loss(*train_samples(4, texts=2))


def test_no_vocabulary():
    with pytest.raises(UserError, match='set_vocabulary'):
        predict(small(), images((32, 32)))


def two_processes(what, source, folder):
    """Run in each of the two processes."""
    import torch.distributed as dist
    dist.init_process_group('gloo')
    rank = dist.get_rank()
    if what == 'losses':
        stored = np.load(source)
        result = {case: [value.detach() for value in loss_and_gradients({
            key.split('/')[2]: stored[key][rank] for key in stored
            if key.startswith(f'world2/{case}/')})] for case in LOSSES}
    else:
        model = small(**LAYER_NORM).train()
        wrapped = torch.nn.parallel.DistributedDataParallel(model)
        inputs, samples = train_samples(8)
        own = slice(4 * rank, 4 * rank + 4)
        losses = wrapped(inputs[own], samples[own], mode='loss')
        sum(v for k, v in losses.items() if 'loss' in k).backward()
        result = dict(
            {key: value.detach() for key, value in losses.items()},
            grads={name: p.grad for name, p in model.named_parameters()})
    torch.save(result, Path(folder) / f'{rank}.pt')
    dist.barrier()


if __name__ == '__main__':
    import mmseg_clipzs  # noqa: F401
    two_processes(*sys.argv[1:])

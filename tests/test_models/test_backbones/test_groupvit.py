"""GroupViT's image tower against the authors' numbers and Hugging Face."""
import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from torch import nn

from mmseg_clipzs.utils import UserError

pytestmark = pytest.mark.usefixtures('one_thread')

ENCODER = [  # stored outputs of the authors' encoder
    ('tiny_one_stage', 224, 224), ('tiny_one_stage', 224, 320),
    ('tiny_two_stage', 224, 224), ('tiny_two_stage', 320, 224),
    ('tiny_two_stage', 448, 448)]


def close(got, want, atol=2e-5):
    np.testing.assert_allclose(got.detach().numpy(), want, atol=atol, rtol=0)


def rng_tensor(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(
        shape)).float()


def small(**settings):
    init_default_scope('mmseg')
    torch.manual_seed(0)
    return MODELS.build({**dict(
        type='GroupViT', embed_dims=16, num_heads=2, depths=(1, 1, 1),
        num_group_tokens=(6, 3, 0), num_output_groups=(6, 3), img_size=32,
        patch_size=8), **settings}).eval()


# ------------------------------------------------------- the authors' numbers
@pytest.mark.parametrize('name, h, w', ENCODER)
def test_golden_encoder(groupvit, golden, library, name, h, w):
    stored = golden(f'groupvit_{name}_encoder_{h}x{w}.npz')
    model = groupvit(name)
    image = torch.from_numpy(
        groupvit.seeded.seeded_image(h, w, int(stored['image_seed'])))
    seen = []
    handles = [stage.register_forward_hook(
        lambda module, args, out: seen.append((args[0], *out)))
        for stage in model.backbone.stages]
    with torch.no_grad():
        grouping = model.backbone(image)
        features = model.extract_feat(image)
        projected = model.image_projector(grouping.segments)[0]
        pooled = model.image_projector(grouping.segments.mean(1))[0]
    for handle in handles:
        handle.remove()
    assert grouping.grid == (h // 16, w // 16)
    close(seen[0][0][0, ::13], stored['embedded_every_13th'])
    for i, soft in enumerate(grouping.assignments):
        close(soft[0], stored[f'soft_{i}'])
        assert (soft[0].argmax(0).numpy() == stored[f'hard_{i}']).all()
        close(seen[i][1][0], stored[f'segments_{i}'])
        close(seen[i][2][0], stored[f'group_tokens_{i}'])
    close(grouping.segments[0], stored['feat'])
    close(grouping.segments[0].mean(0), stored['pooled'])
    close(pooled, stored['image_x'])
    close(projected, stored['image_feat'])
    close(features.image[0], stored['image_x'] / np.linalg.norm(
        stored['image_x']))


# ------------------------------------------------------------- Hugging Face
def hugging_face(seeded, name):
    from transformers import GroupViTConfig, GroupViTModel
    spec = seeded.SPECS[name]
    model = GroupViTModel(GroupViTConfig(**seeded.hf_config_kwargs(spec)))
    weights = seeded.to_hf(
        seeded.official_weights(seeded.SEEDS[name], spec), spec)
    missing, unexpected = model.load_state_dict(
        {key: torch.from_numpy(np.array(value))
         for key, value in weights.items()}, strict=False)
    assert not unexpected and all('position_ids' in key for key in missing)
    return model.eval()


@pytest.mark.slow
@pytest.mark.parametrize('name, sizes', [
    ('two_stage', [(224, 224), (224, 320)]), ('one_stage', [(224, 224)]),
    ('tiny_two_stage', [(448, 448)]), ('tiny_one_stage', [(320, 224)])])
def test_equals_hugging_face(groupvit, name, sizes):
    """Published and tiny sizes, to 1e-4."""
    theirs = hugging_face(groupvit.seeded, name)
    ours = groupvit(name, theirs.state_dict())
    for size in sizes:
        _compare(groupvit, ours, theirs, *size)


def _compare(groupvit, ours, theirs, h, w):
    image = torch.from_numpy(groupvit.seeded.seeded_image(h, w, 3))
    tokens = torch.randint(1, 49406, (4, 77), generator=torch.Generator(
    ).manual_seed(0))
    tokens[:, 0], tokens[[0, 1, 2, 3], [5, 20, 76, 1]] = 49406, 49407
    vision = theirs.vision_model
    with torch.no_grad():
        x = vision.embeddings(image, interpolate_pos_encoding=True)
        group_token, soft = None, []
        for stage in vision.encoder.stages:
            x, group_token, attention = stage(x, group_token, True)[:3]
            soft += [] if attention is None else [attention]
        x = vision.layernorm(x)
        text = theirs.text_projection(
            theirs.text_model(input_ids=tokens).pooler_output)
        grouping = ours.backbone(image)
        close(ours.image_projector(grouping.segments.mean(1)),
              theirs.visual_projection(x.mean(1)).numpy(), 1e-4)
        close(grouping.segments, x.numpy(), 1e-4)
        close(ours.embed_tokens(tokens), text.numpy(), 1e-4)
    assert len(soft) == len(grouping.assignments)
    for got, want in zip(grouping.assignments, soft):
        close(got, want.squeeze(1).numpy(), 1e-4)


# --------------------------------------------------------------- invariants
def test_noise_in_training_alone():
    model, image = small(), rng_tensor(1, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(model(image).segments, model(image).segments)
        model.train()
        torch.manual_seed(0)
        first = model(image).segments
        assert not torch.equal(first, model(image).segments)
    quiet = small(gumbel=False).train()
    assert torch.equal(quiet(image).segments, quiet(image).segments)


@pytest.mark.parametrize('h, w', [(32, 32), (32, 56), (45, 33), (8, 8),
                                  (5, 40)])
def test_any_size(h, w):
    """Rows and columns after the last whole patch are ignored."""
    model, images = small(), rng_tensor(2, 3, h, w)
    with torch.no_grad():
        both = model(images)
        whole = images[..., :max(h - h % 8, 8), :w - w % 8]
        cut = model(whole)
    grid = max(h // 8, 1), w // 8
    assert both.grid == grid and both.segments.shape == (2, 3, 16)
    assert [a.shape for a in both.assignments] == [
        (2, 6, grid[0] * grid[1]), (2, 3, 6)]
    torch.testing.assert_close(both.segments, cut.segments)
    for one, image in zip(both.segments, images):
        torch.testing.assert_close(one, model(image[None]).segments[0],
                                   atol=1e-5, rtol=1e-4)
    for assignment in both.assignments:
        torch.testing.assert_close(
            assignment.sum(1), torch.ones_like(assignment[:, 0]))


def test_any_depths_and_counts():
    model = small(depths=(2, 1, 2, 1), num_group_tokens=(9, 6, 4, 0),
                  num_output_groups=(8, 5, 2), drop_path_rate=.3)
    grouping = model(rng_tensor(1, 3, 32, 32))
    assert [a.shape[1:] for a in grouping.assignments] == [
        (8, 16), (5, 8), (2, 5)]
    grouping.segments.sum().backward()
    unused = [name for name, p in model.named_parameters() if p.grad is None]
    assert not unused
    rates = [block.ls_1.drop_prob for stage in model.stages
             for block in stage.blocks if not isinstance(
                 block.ls_1, nn.Identity)]
    np.testing.assert_allclose(rates, np.linspace(0, .3, 6)[1:], rtol=1e-5)


def test_no_block_after_the_last_grouping():
    model = small(depths=(2, 1, 0))
    assert len(model.stages[2].blocks) == 0
    with torch.no_grad():
        grouping = model(rng_tensor(1, 3, 32, 32))
    torch.testing.assert_close(grouping.segments.mean(2), torch.zeros(1, 3),
                               atol=1e-5, rtol=0)  # only the norm follows


# ---------------------------------------------------------------- bad input
@pytest.mark.parametrize('settings, message', [
    (dict(depths=(1, 1)), 'number of group tokens for each stage'),
    (dict(num_output_groups=(6, )), 'output groups for each grouping'),
    (dict(num_group_tokens=(0, 0, 0), num_output_groups=()),
     'num_output_groups must be a list'),
    (dict(num_group_tokens=(6, 0, 3)), 'grouping stages first'),
    (dict(num_heads=3), 'multiple of num_heads=3'),
    (dict(img_size=30), 'patch_size=8'),
])
def test_bad_sizes(settings, message):
    with pytest.raises(UserError, match=message):
        small(**settings)

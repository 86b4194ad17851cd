"""The objective of the toy DINO, restated with loops."""
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from timm.models.vision_transformer import VisionTransformer

from mmseg_clipzs.recipes.toy_dino import ToyDinoRecipe
from mmseg_clipzs.toy.dino import SelfDistillation, block_masks

RECIPE = ToyDinoRecipe(steps=10, batch_size=3, prototypes=5, momentum=.99,
                       scenes=3)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return SelfDistillation(VisionTransformer(
        img_size=16, patch_size=4, embed_dim=24, depth=2, num_heads=2,
        num_classes=0, dynamic_img_size=True), RECIPE)


@pytest.fixture
def batch():
    """Two large crops of three scenes, two small ones, and masks."""
    torch.manual_seed(1)
    masks = torch.zeros(6, 3, 3, dtype=torch.bool)
    masks[0, 0] = masks[3, 1:, 2] = masks[4, 2, 2] = True
    return (torch.randn(2, 3, 3, 12, 12), torch.randn(2, 3, 3, 8, 8), masks)


def test_losses(model, batch):
    """DINO's equation 3 and iBOT's equation 2."""
    with torch.no_grad():  # student and teacher differ
        for parameter in model.student.parameters():
            parameter.add_(.05 * torch.randn_like(parameter))
        model.class_centre.uniform_(-.1, .1)
        model.patch_centre.uniform_(-.1, .1)
    large, small, masks = batch
    centres = model.class_centre.clone(), model.patch_centre.clone()

    def goal(scores, centre):
        return ((scores - centre) / (.04 + .01 * 2 / 3)).softmax(-1)

    def guess(scores):
        return (scores / .1).log_softmax(-1)

    teacher = [model.teacher.score(model.teacher(view)) for view in large]
    student = [model.student.score(model.student(view, part)) for view, part
               in zip(large, masks.split(3))]
    views = [*student, *(model.student.score(model.student(view))
                         for view in small)]
    of_classes = [
        -goal(teacher[i][n, 0], centres[0]) @ guess(views[j][n, 0])
        for n in range(3) for i in range(2) for j in range(4) if i != j]
    of_images = []
    for n, mask in enumerate(masks.flatten(1)):
        if mask.any():
            of_images.append(sum(
                -goal(teacher[n // 3][n % 3, 1 + p], centres[1])
                @ guess(student[n // 3][n % 3, 1 + p])
                for p in mask.nonzero()[:, 0]) / mask.sum())
    losses = model(*batch, step=2)
    torch.testing.assert_close(losses[0], sum(of_classes) / 18)
    torch.testing.assert_close(losses[1], sum(of_images) / 3)
    scores = torch.cat([view[:, 0] for view in teacher])
    torch.testing.assert_close(model.class_centre,
                               .9 * centres[0] + .1 * scores.mean(0))
    scores = torch.cat([view[:, 1:] for view in teacher])[masks.flatten(1)]
    torch.testing.assert_close(model.patch_centre,
                               .9 * centres[1] + .1 * scores.mean(0))


def test_nothing_hidden(model, batch):
    model.patch_centre.fill_(.5)
    class_loss, patch_loss = model(
        *batch[:2], torch.zeros_like(batch[2]), step=9)
    assert class_loss > 0 and patch_loss == 0
    assert (model.patch_centre == .5).all()


def test_only_the_student_learns(model, batch):
    sum(model(*batch, step=0)).backward()
    for name, parameter in model.named_parameters():
        is_students = name.startswith('student')
        assert parameter.requires_grad == is_students
        assert (parameter.grad is not None) == is_students, name


def test_hidden_patches_are_not_seen(model, batch):
    images, masks = batch[0][0], batch[2][:3]
    pixels = F.interpolate(masks[:, None].float(), scale_factor=4)
    other = images + pixels * torch.randn_like(images)
    seen, changed = model.student(images, masks), model.student(other, masks)
    assert masks.any()
    torch.testing.assert_close(seen, changed)
    assert not torch.allclose(model.student(images), model.student(other))


def test_teacher(model):
    """An average of the student that moves less and less."""
    before = model.teacher.mask_token.clone()
    with torch.no_grad():
        model.student.mask_token.add_(1)
    model.follow(0)
    torch.testing.assert_close(model.teacher.mask_token, before + .01)
    model.follow(RECIPE.steps)
    torch.testing.assert_close(model.teacher.mask_token, before + .01)


def test_masks():
    """Rectangles in every second image; at least half the share."""
    rng = np.random.default_rng(0)
    masks = block_masks(rng, 40, 10, .3)
    assert masks.shape == (40, 10, 10) and not masks[1::2].any()
    shares = masks[::2].float().mean((1, 2))
    assert shares.min() >= .15 and .25 < shares.mean() < .5
    assert not block_masks(rng, 4, 10, 0).any()

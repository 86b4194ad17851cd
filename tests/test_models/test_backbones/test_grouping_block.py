"""The grouping block against the authors' numbers and its definition."""
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mmseg_clipzs.models.backbones import grouping_block
from mmseg_clipzs.models.backbones.grouping_block import (
    GroupingBlock,
    choose_groups,
)

pytestmark = pytest.mark.usefixtures('one_thread')


def close(got, want, atol=2e-5):
    np.testing.assert_allclose(got.detach().numpy(), want, atol=atol, rtol=0)


def rng_tensor(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(
        shape)).float()


def assignment_noise(monkeypatch, *noises):
    """Replace random numbers by the stored Gumbel noise."""
    noises = [torch.from_numpy(noise)[:, 0] for noise in noises]

    def exponential(self):
        return self.copy_(torch.exp(-noises.pop(0)))

    monkeypatch.setattr(torch.Tensor, 'exponential_', exponential)


@pytest.mark.parametrize('case, tau', [
    ('hard_softmax', 1.), ('gumbel_hard_tau1', 1.), ('gumbel_hard_tau05', .5)])
def test_assignment_is_the_authors(golden, monkeypatch, case, tau):
    """Values and straight-through gradients, with an exact tie."""
    stored = golden('groupvit_assignment_function.npz')
    raw = torch.from_numpy(stored['raw'])[:, 0].requires_grad_()
    noisy = 'gumbel' in case
    if noisy:
        assignment_noise(monkeypatch, stored['noise'])
    out = choose_groups(raw, noisy, tau)
    out.backward(torch.from_numpy(stored['upstream'])[:, 0])
    close(out, stored[f'{case}/out'][:, 0])
    close(raw.grad, stored[f'{case}/grad'][:, 0])


@pytest.mark.parametrize('index', [0, 1])
@pytest.mark.parametrize('mode', ['train', 'eval'])
def test_grouping_block_is_the_authors(groupvit, golden, monkeypatch, index,
                                       mode):
    stored = golden('groupvit_grouping_block.npz')
    stored = {key[len(f'block_{index}/'):]: value
              for key, value in stored.items() if f'block_{index}/' in key}
    block = groupvit('tiny_two_stage').backbone.stages[index].grouping
    block.train(mode == 'train')
    if mode == 'train':
        assignment_noise(monkeypatch, stored['noise'])
    x, tokens = (torch.from_numpy(stored[key]).requires_grad_()
                 for key in ('x', 'group_tokens'))
    out, soft = block(x, tokens)
    out.backward(torch.from_numpy(stored['upstream']))
    close(out, stored[f'{mode}/out'])
    close(soft, stored[f'{mode}/soft'])
    close(x.grad, stored[f'{mode}/grad_x'], atol=1e-4)
    close(tokens.grad, stored[f'{mode}/grad_group_tokens'], atol=1e-4)
    norms = {key.replace('attn.attn', 'attn'): value
             for key, value in stored.items() if f'{mode}/grad_norm' in key}
    for name, parameter in block.named_parameters():
        want = norms[f'{mode}/grad_norm/{name}']
        if want > 1e-3:
            assert parameter.grad.norm().item() == pytest.approx(
                want, rel=1e-3), name
    assert len(norms) == len(list(block.parameters()))
    block.zero_grad()


def test_gradient_of_the_soft_path_numerically():
    """Finite differences with a soft assignment, in double precision."""
    torch.manual_seed(0)
    block = GroupingBlock(8, 2, 4, 3, gumbel=False).double().eval()
    for parameter in block.parameters():
        parameter.data.add_(.3 * torch.randn_like(parameter))
    soft = pytest.MonkeyPatch()
    soft.setattr(grouping_block, 'choose_groups',
                 lambda logits, noisy, tau: logits.softmax(1))
    x, tokens = rng_tensor(1, 5, 8).double(), rng_tensor(1, 4, 8).double()
    try:
        assert torch.autograd.gradcheck(
            lambda *args: block(*args),
            (x.requires_grad_(), tokens.requires_grad_()))
    finally:
        soft.undo()


def test_straight_through_is_the_gradient_of_the_softmax():
    logits = rng_tensor(2, 4, 7).requires_grad_()
    upstream = rng_tensor(2, 4, 7, seed=1)
    hard = choose_groups(logits)
    assert torch.equal(hard.round(), F.one_hot(
        logits.argmax(1), 4).transpose(1, 2).float())
    grad, = torch.autograd.grad(hard, logits, upstream)
    want, = torch.autograd.grad(logits.softmax(1), logits, upstream)
    torch.testing.assert_close(grad, want)


def test_noise_follows_gumbels_distribution():
    """Groups are drawn with the probabilities of the softmax."""
    logits = torch.tensor([1., 0., -1.]).log_softmax(0)
    torch.manual_seed(0)
    chosen = choose_groups(logits[None, :, None].expand(1, 3, 20000), True)
    torch.testing.assert_close(chosen.mean(2)[0], logits.exp(), atol=.01,
                               rtol=0)

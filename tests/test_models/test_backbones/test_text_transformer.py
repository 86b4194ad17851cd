"""The text transformer against the authors' and open_clip's numbers."""
import numpy as np
import open_clip
import pytest
import torch

from mmseg_clipzs.models.backbones import TextTransformer
from mmseg_clipzs.utils import UserError

pytestmark = pytest.mark.usefixtures('one_thread')


def close(got, want):
    np.testing.assert_allclose(got.numpy(), want, atol=2e-5, rtol=0)


@pytest.mark.parametrize('name', ['tiny_one_stage', 'tiny_two_stage'])
def test_text_is_the_authors(groupvit, golden, name):
    stored = golden(f'groupvit_{name}_text.npz')
    model = groupvit(name)
    tokens = torch.from_numpy(stored['tokens']).long()
    with torch.no_grad():
        close(model.text_backbone(tokens), stored['text_feat'])
        close(model.embed_tokens(tokens), stored['text_x'])
    model.prompts = list(stored['templates'])
    model.set_vocabulary([[name] for name in stored['class_names']])
    model._ready_words()
    close(model.decode_head.text_embeddings, stored['class_embedding'])


@torch.no_grad()
@pytest.mark.parametrize('context_length', [77, 16])
def test_open_clip(tiny, context_length):
    """Loaded with the weights of CLIP's text tower."""
    config = open_clip.get_model_config('tiny-vit')
    config['text_cfg'].update(
        width=64, heads=1, context_length=context_length)
    theirs = open_clip.CLIP(**config, quick_gelu=True).eval()
    ours = TextTransformer(64, config['text_cfg']['layers'], context_length)
    ours.load_state_dict({
        key: value for key, value in theirs.state_dict().items()
        if key in ours.state_dict()})
    texts = ['a cat', 'the dog on a very, very long road ' * 9, '']
    tokens = ours.tokenize(texts)
    assert torch.equal(tokens, open_clip.tokenize(texts, context_length))
    torch.testing.assert_close(
        ours(tokens) @ theirs.text_projection, theirs.encode_text(tokens),
        rtol=0, atol=1e-5)


def test_initialisation():
    """The standard deviations of CLIP's paper code."""
    model = TextTransformer(128, 4)
    block = model.transformer.resblocks[0]
    for weight, std in ((model.token_embedding.weight, .02),
                        (model.positional_embedding, .01),
                        (block.attn.in_proj_weight, 128**-.5),
                        (block.attn.out_proj.weight, 1024**-.5),
                        (block.mlp.c_fc.weight, 256**-.5),
                        (block.mlp.c_proj.weight, 1024**-.5)):
        assert weight.std().item() == pytest.approx(std, rel=.05)


def test_too_long_texts():
    model = TextTransformer(64, 1, context_length=16)
    with pytest.raises(UserError, match=(
            'Texts of 77 tokens exceed the context_length=16 of TextTrans')):
        model(open_clip.tokenize(['a cat']))

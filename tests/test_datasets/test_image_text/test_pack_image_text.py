import numpy as np
import open_clip
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmseg.registry import TRANSFORMS

from mmseg_clipzs.clip.text import get_templates
from mmseg_clipzs.utils import UserError

IMAGE = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)
TOKENIZER = open_clip.SimpleTokenizer()


def packer(**options):
    transform = TRANSFORMS.build(dict(type='PackImageText', **options))
    return lambda **results: transform(
        dict(dict(img=IMAGE, img_path='1.jpg'), **results))


def texts(sample):
    return [TOKENIZER.decode(row[1:row.argmax()].tolist()).strip()
            for row in sample['data_samples'].tokens]


def test_tokens_are_open_clips():
    """Including texts longer than the context."""
    for length, caption in ((77, 'A cat, on the sofa!'), (77, 'dog ' * 100),
                            (12, 'dog ' * 100)):
        pack = packer(num_nouns=0, context_length=length)
        tokens = pack(caption=caption)['data_samples'].tokens
        assert tokens.dtype == torch.int64
        assert tokens.equal(open_clip.tokenize([caption], length))


def test_inputs_and_metainfo():
    sample = packer(num_nouns=0)(caption='a cat', ori_shape=(8, 9))
    assert sample['inputs'].dtype == torch.uint8
    np.testing.assert_array_equal(sample['inputs'].permute(1, 2, 0), IMAGE)
    assert sample['data_samples'].metainfo == dict(
        img_path='1.jpg', caption='a cat', ori_shape=(8, 9))


def test_batches_keep_samples_separate():
    batch = pseudo_collate([packer(num_nouns=0)(caption='a')] * 2)
    assert [s.tokens.shape for s in batch['data_samples']] == [(1, 77)] * 2
    moved = batch['data_samples'][0].to('cpu')
    assert moved.tokens.equal(batch['data_samples'][0].tokens)


def test_a_random_caption_is_used():
    np.random.seed(0)
    pack = packer(num_nouns=0)
    drawn = {texts(pack(captions=['a cat', 'a dog', 'the sun']))[0]
             for _ in range(40)}
    assert drawn == {'a cat', 'a dog', 'the sun'}


@pytest.mark.parametrize('nouns, count', [
    (['cat', 'dog', 'sun', 'sea'], 3), (['cat', 'cat', 'dog'], 2), ([], 0)])
def test_noun_prompts_padded_with_the_caption(nouns, count):
    np.random.seed(0)
    templates = ('a good {}', 'the bad {}')
    pack, seen = packer(templates=templates), set()
    for _ in range(60):
        caption, *positives = texts(pack(caption='something', nouns=nouns))
        assert caption == 'something' and len(positives) == 3
        assert positives[count:] == ['something'] * (3 - count)
        assert len({p.split()[-1] for p in positives[:count]}) == count
        seen.update(positives[:count])
    assert seen == {template.format(noun) for noun in nouns
                    for template in templates}


def test_numpys_seed_determines_the_texts():
    results = dict(captions=['a cat', 'a dog'], nouns=['x', 'y', 'z', 'w'])
    pack, drawn = packer(), []
    for seed in (1, 1, 2):
        np.random.seed(seed)
        drawn.append(torch.stack([
            pack(**results)['data_samples'].tokens for _ in range(5)]))
    assert drawn[0].equal(drawn[1]) and not drawn[0].equal(drawn[2])


def test_nouns_come_from_all_captions():
    """Not only from the drawn caption."""
    np.random.seed(0)
    pack = packer(words='cat; dog', num_nouns=2, templates='a {}')
    for _ in range(10):
        caption, *nouns = texts(pack(captions=['two cats', 'a dog']))
        assert caption in ('two cats', 'a dog')
        assert sorted(nouns) == ['a cat', 'a dog']


def test_imagenet_templates_are_the_default():
    np.random.seed(0)
    pack = packer(num_nouns=1)
    seen = {texts(pack(caption='x', nouns=['cat']))[1] for _ in range(60)}
    wanted = {TOKENIZER.decode(TOKENIZER.encode(t.format('cat'))).strip()
              for t in get_templates('imagenet80')}
    assert len(seen) > 20 and seen <= wanted


@pytest.mark.parametrize('options, message', [
    (dict(num_nouns=-1), 'num_nouns must be a whole number .* got -1'),
    (dict(num_nouns='3'), "num_nouns must be a whole number .* got '3'"),
    (dict(templates='no_such'), 'Unknown template set'),
    (dict(words='no_such'), 'Unknown vocabulary'),
])
def test_bad_input(options, message):
    with pytest.raises(UserError, match=message):
        packer(**options)

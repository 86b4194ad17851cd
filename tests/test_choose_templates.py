"""Templates chosen by entropy, against loops over pixels; the command."""
import json
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from mmseg_clipzs.apis import ZeroShotInferencer, choose_templates
from mmseg_clipzs.toy.scenes import make_scene
from mmseg_clipzs.utils import UserError

pytestmark = pytest.mark.usefixtures('one_thread')
CLASSES = 'zebra; grass, lawn; sea; brick'
TEMPLATES = ['a photo of a {}.', 'a drawing of a {}.', 'the {}.',
             'a {} in a video game.', 'a blurry photo of many {}.']


@pytest.fixture(scope='module')
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp('photos')
    rng = np.random.default_rng(3)
    for i, size in enumerate(((64, 80), (80, 64), (70, 70))):
        image = make_scene(rng, 80)[0][:size[0], :size[1]]
        Image.fromarray(image).save(folder / f'{i}.png')
    return folder


@pytest.fixture(scope='module')
def inferencer():
    return ZeroShotInferencer('maskclip_toy', classes=CLASSES, device='cpu')


@torch.no_grad()
def restated(inferencer, photos):
    """dict: Class -> mean entropy by template, where it is found."""
    model, sums, counts = inferencer.model, {}, {}
    owner = ['zebra', 'grass', 'grass', 'sea', 'brick']
    for path in sorted(photos.glob('*.png')):
        image = torch.from_numpy(np.array(Image.open(path))).permute(2, 0, 1)
        mean, std = model.data_preprocessor.mean, model.data_preprocessor.std
        features = F.normalize(
            model.backbone((image[None] - mean) / std)[0], dim=1)
        for template in TEMPLATES:
            rows = model.text_encoder(model.vocabulary.words, [template])
            cosines = F.interpolate(
                torch.einsum('qd,ndhw->nqhw', rows, features),
                image.shape[1:], mode='bilinear')[0].flatten(1).double()
            p = (model.logit_scale * cosines).softmax(0)
            for pixel in p.T.tolist():
                key = owner[int(np.argmax(pixel))], template
                sums[key] = sums.get(key, 0) - sum(
                    q * math.log(q) for q in pixel if q)
                counts[key] = counts.get(key, 0) + 1
    means = {}
    for (name, template), total in sums.items():
        means.setdefault(name, {})[template] = total / counts[name, template]
    return means


def test_choice(inferencer, photos):
    found = choose_templates(inferencer, str(photos), 2, TEMPLATES)
    want = restated(inferencer, photos)
    assert found.photos == 3 and not found.skipped
    assert set(found.classes) == set(want)
    assert found.missing == [name for name in ('zebra', 'grass', 'sea',
                                               'brick') if name not in want]
    for name, means in want.items():
        best = sorted(means, key=means.get)[:2]
        assert found.classes[name] == best
        assert found.entropy[name] == pytest.approx(
            [means[template] for template in best], rel=1e-4)


def test_repeated_candidates_count_once(inferencer, photos):
    found, want = (choose_templates(
        inferencer, photos / '0.png', 2, TEMPLATES[:1] * repeated + TEMPLATES)
        for repeated in (2, 0))
    assert found.classes == want.classes
    assert found.settings['candidates'] == TEMPLATES
    with pytest.raises(UserError, match='count=2 of 2 templates'):
        choose_templates(inferencer, photos, 2,
                         [TEMPLATES[0], *TEMPLATES[:2]])


def test_scores_are_propagated(photos):
    """As in predictions: each template alone, with LPOSS."""
    inferencer = ZeroShotInferencer(
        'lposs_toy', classes='grass; sea; brick', device='cpu')
    photo, sums = photos / '0.png', {}
    found = choose_templates(inferencer, photo, 2, TEMPLATES)
    for template in TEMPLATES:
        alone = ZeroShotInferencer(
            'lposs_toy', classes='grass; sea; brick', device='cpu',
            cfg_options={'model.prompts': [template]})
        p = torch.from_numpy(np.asarray(
            alone(str(photo))[0].scores)).double()
        entropy = -(p * p.clamp(min=1e-30).log()).sum(0)
        for i, name in enumerate(('grass', 'sea', 'brick')):
            mine = p.argmax(0) == i
            if mine.any():
                sums[name, template] = entropy[mine].mean().item()
    for name, chosen in found.classes.items():
        assert found.entropy[name] == pytest.approx(
            [sums[name, template] for template in chosen], rel=1e-3)


def test_the_model_is_left_alone(inferencer, photos):
    before = inferencer(str(photos / '0.png'))[0].scores
    choose_templates(inferencer, str(photos / '0.png'), 1, TEMPLATES)
    np.testing.assert_array_equal(
        inferencer(str(photos / '0.png'))[0].scores, before)


def test_file(inferencer, photos, tmp_path):
    """prompts= reads what was written; only our files are replaced."""
    path = tmp_path / 'templates.json'
    found = choose_templates(inferencer, photos / '0.png', 1, TEMPLATES)
    found.save(path)
    found.save(path)
    again = ZeroShotInferencer(
        'maskclip_toy', classes=CLASSES, device='cpu',
        cfg_options={'model.prompts': str(path)})
    assert again.model.class_templates == {
        name: tuple(each) for name, each in found.classes.items()}
    path.write_text('{}')
    with pytest.raises(UserError, match='was not written by this tool'):
        found.save(path)
    with pytest.raises(UserError, match='written as .json'):
        found.save(tmp_path / 'templates.txt')


def test_refusals(inferencer, photos, tmp_path):
    for arguments, message in (
            ((photos, 0), 'count must be'),
            ((photos, 5), 'leaves nothing to choose'),
            ((photos, 1, 'a cat'), 'Unknown template set'),
            ((tmp_path, ), 'No images in'),
            ((tmp_path / 'no.png', ), 'no.png')):
        with pytest.raises(UserError, match=message):
            choose_templates(
                inferencer, *arguments,
                **{} if len(arguments) == 3 else dict(templates=TEMPLATES))
    groupvit = ZeroShotInferencer('groupvit_toy', device='cpu')
    with pytest.raises(UserError, match='has no prompt templates to choose'):
        choose_templates(groupvit, photos)


def test_command(photos, tmp_path, capsys):
    """One photo is damaged: the others count, and the exit code is 1."""
    from mmseg_clipzs.cli import arguments
    from mmseg_clipzs.cli import choose_templates as command
    (tmp_path / 'bad.png').write_bytes(b'no image')
    out = tmp_path / 'templates.json'
    parser = arguments.make_parser(command.__doc__)
    command.add_options(parser)
    args = parser.parse_args([
        'maskclip_toy', str(photos / '0.png'), str(tmp_path / 'bad.png'),
        '--out', str(out), '--count', '3', '-w', 'grass', '-w', 'sea',
        '--device', 'cpu'])
    command.check(args, parser)
    with pytest.raises(UserError, match='1 of 2 photos was skipped'):
        command.run(args)
    content = json.loads(out.read_text())
    assert content['config'] == 'maskclip_toy' and content['photos'] == 1
    assert all(len(each) == 3 for each in content['classes'].values())
    assert 'model.prompts=' in capsys.readouterr().out
    args.out = 'templates.txt'
    with pytest.raises(UserError, match='--out is a .json file'):
        command.check(args, parser)

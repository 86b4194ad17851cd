"""Weights that a student starts from: found, chosen or missed at once."""
import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS

from mmseg_clipzs.checkpoints import cached_file, downloads
from mmseg_clipzs.run.job import Job
from mmseg_clipzs.run.student_weights import (
    check_student_weights,
    set_student_weights,
)
from mmseg_clipzs.utils import UserError

NAME = 'resnet101_v1c-e67eebb6.pth'
ADDRESS = f'https://download.openmmlab.com/pretrain/third_party/{NAME}'


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty cache, and a network whose proxy refuses connections."""
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path / 'hub'))
    monkeypatch.setattr(downloads, 'SECONDS', 60)  # a busy machine
    for name in ('http_proxy', 'https_proxy'):
        monkeypatch.setenv(name, 'http://127.0.0.1:9')
    # urllib keeps the proxies of the first request of a process.
    monkeypatch.setattr('urllib.request._opener', None)
    return tmp_path / 'hub/checkpoints'


def load(config='maskclip_plus_photos', **options):
    return Job(config, options=options).load(train=True)


def backbone(cfg):
    return cfg.model.student.backbone


@pytest.fixture(scope='module')
def tiny():
    """A ResNet-18 of 8 channels."""
    return dict(type='ResNetV1c', depth=18, base_channels=8)


@pytest.fixture
def small(tiny):
    """The toy recipe with this backbone."""
    def build():
        cfg = load('maskclip_plus_toy')
        cfg.model.student.backbone.update(tiny)
        return cfg

    return build


# ------------------------------------------------------------- not at hand
def test_missing_weights(cache):
    with pytest.raises(UserError) as info:
        check_student_weights(load(), 'mine')
    said = str(info.value)
    for part in ('mine has no weights to start from: there is no ',
                 f'copy the file to {cached_file(ADDRESS)};', str(cache),
                 f'cannot be downloaded from {ADDRESS} (', 'refused',
                 '--student-weights FILE', '--student-weights none'):
        assert part in said
    assert len(said) < 700


@pytest.mark.parametrize('source, address', [
    ('open-mmlab://resnet101_v1c', ADDRESS),
    ('openmmlab://resnet101_v1c', ADDRESS),
    ('torchvision://resnet50',
     'https://download.pytorch.org/models/resnet50-'),
    ('mmcls://vgg11', 'https://download.openmmlab.com/mmclassification/'),
    ('http://127.0.0.1:9/a/b.pth?x=1', 'http://127.0.0.1:9/a/b.pth')])
def test_every_kind_of_address(source, address):
    cfg = load(**{'model.student.backbone.init_cfg.checkpoint': source})
    with pytest.raises(UserError, match=f'downloaded from {address}'):
        check_student_weights(cfg, 'mine')


def test_other_spellings(cache):
    """A list of init_cfg, and mmseg's ``pretrained``."""
    cfg = load()
    init = backbone(cfg).init_cfg
    backbone(cfg).init_cfg = [dict(type='Kaiming', layer='Conv2d'), init]
    with pytest.raises(UserError, match=NAME.partition('.')[0]):
        check_student_weights(cfg, 'mine')
    check_student_weights(cfg, 'mine', resumes=True)
    assert backbone(cfg).init_cfg == [dict(type='Kaiming', layer='Conv2d')]
    for part in (cfg.model.student, cfg.model.student.backbone):
        part.pretrained = init.checkpoint
        with pytest.raises(UserError, match=NAME.partition('.')[0]):
            check_student_weights(cfg, 'mine')
        check_student_weights(cfg, 'mine', resumes=True)
        assert 'pretrained' not in part
    plain = Config(dict(model=dict(
        type='EncoderDecoder', pretrained=init.checkpoint,
        backbone=dict(type='ResNetV1c', depth=101))))
    with pytest.raises(UserError, match=NAME.partition('.')[0]):
        check_student_weights(plain, 'mine')


@pytest.mark.parametrize('source, message', [
    ('gone/a.pth', 'there is no gone/a.pth. --student-weights'),
    ('open-mmlab://resnet102', 'knows no weights open-mmlab://resnet102')])
def test_what_is_no_address(source, message):
    cfg = load(**{'model.student.backbone.init_cfg.checkpoint': source})
    with pytest.raises(UserError, match=message):
        check_student_weights(cfg, 'mine')


def test_no_answer(web, monkeypatch):
    """Neither an answer nor an error: it does not wait for ever."""
    web.silent = True
    monkeypatch.setattr(downloads, 'SECONDS', .1)
    with pytest.raises(UserError, match='no answer within'):
        check_student_weights(load(**{
            'model.student.backbone.init_cfg.checkpoint':
            f'{web.address}/a.pth'}), 'mine')


# --------------------------------------------------------------- not needed
def test_a_cached_download_needs_no_network(cache):
    cache.mkdir(parents=True)
    cached_file(ADDRESS).touch()
    cfg = load()
    check_student_weights(cfg, 'mine')
    assert backbone(cfg).init_cfg.checkpoint == 'open-mmlab://resnet101_v1c'


def test_a_checkpoint_replaces_them(tmp_path):
    path = tmp_path / 'iter_9.pth'
    for key, missing in (('student.backbone.conv1.weight', False),
                         ('backbone.conv1.weight', True)):
        torch.save(dict(state_dict={key: torch.ones(1)}), path)
        cfg = load(load_from=str(path))
        if missing:
            with pytest.raises(UserError, match=NAME.partition('.')[0]):
                check_student_weights(cfg, 'mine')
        else:
            check_student_weights(cfg, 'mine')
            assert backbone(cfg).init_cfg is None
    cfg = load()
    check_student_weights(cfg, 'mine', resumes=True)
    assert backbone(cfg).init_cfg is None


@pytest.mark.parametrize('config', [
    'maskclip_plus_toy', 'groupvit_pretrain_toy', 'text_mapped_zero_shot_toy'])
def test_models_without_such_weights(config):
    cfg = load(config)
    before = cfg.to_dict()
    check_student_weights(cfg, config)
    assert cfg.to_dict() == before


# ------------------------------------------------------------------- chosen
def test_none():
    cfg = load()
    set_student_weights(cfg, 'mine', 'none')
    assert backbone(cfg).init_cfg is None
    check_student_weights(cfg, 'mine')


@pytest.mark.parametrize('prefix', ['', 'backbone.', 'student.backbone.'])
def test_a_file(prefix, tiny, small, tmp_path):
    """A backbone, a classifier, a trained student: every weight is loaded."""
    wanted = MODELS.build(tiny).state_dict()
    for value in wanted.values():
        value.copy_(torch.rand(value.shape))
    state = {f'{prefix}{key}': value for key, value in wanted.items()}
    path = tmp_path / 'weights.pth'
    torch.save(dict(state_dict={**state, 'head.fc.weight': torch.ones(2)}),
               path)
    cfg = small()
    set_student_weights(cfg, 'mine', str(path))
    check_student_weights(cfg, 'mine')
    built = MODELS.build(backbone(cfg))
    built.init_weights()
    for key, value in built.state_dict().items():
        assert torch.equal(value, wanted[key]), key


def test_a_file_that_does_not_fit(tiny, small, tmp_path):
    path = tmp_path / 'weights.pth'
    other = MODELS.build({**tiny, 'base_channels': 16})
    for state in (other.state_dict(), dict(a=torch.ones(2)), dict(a=5), {},
                  dict(state_dict=[1]), {1: torch.ones(2)}, [1]):
        torch.save(state, path)
        with pytest.raises(UserError, match=(
                r"Only \d+ of 115 entries of the student's ResNetV1c are in "
                f'{path}, .*another architecture')):
            set_student_weights(small(), 'mine', str(path))
    path.write_bytes(b'no checkpoint')
    with pytest.raises(UserError, match='weights.pth .* is text; expected a'):
        set_student_weights(small(), 'mine', str(path))


def test_a_file_of_other_numbers(tiny, small, tmp_path):
    path = tmp_path / 'weights.pth'
    state = MODELS.build(tiny).state_dict()
    state['layer1.0.conv1.weight'] = state['layer1.0.conv1.weight'].char()
    torch.save(state, path)
    with pytest.raises(UserError, match=(
            "weights.pth holds int8 in 'layer1.0.conv1.weight'")):
        set_student_weights(small(), 'mine', str(path))


@pytest.mark.parametrize('kind, depth, said', [
    ('ResNetV1c', 101, '530 of 530'),
    ('ResNet', 101, '515 of 530'),  # another stem
    ('ResNetV1c', 50, 'Only 275 of 530 .* of another architecture'),
    ('ResNet', 152, '515 of 530 .* of a larger .* it has 255 more entries'),
    ('ResNetV1c', 152, '530 of 530 .* of a larger architecture: it has 255 '
     'more entries of the same layers, such as layer2.4.conv1.weight')])
def test_another_depth(kind, depth, said, small, log, tmp_path):
    """For a ResNet-101, from the file of a classifier."""
    state = MODELS.build(dict(type=kind, depth=depth, base_channels=8))
    path = tmp_path / 'weights.pth'
    torch.save({**state.state_dict(), 'fc.weight': torch.ones(2)}, path)
    cfg = small()
    backbone(cfg).depth = 101
    if depth == 101:
        set_student_weights(cfg, 'mine', str(path))
        assert any(f': {said} entries' in line for line in log)
    else:
        with pytest.raises(UserError, match=said):
            set_student_weights(cfg, 'mine', str(path))


@pytest.mark.parametrize('config, source, message', [
    ('maskclip_plus_toy', 'gone.pth', 'No student weights at gone.pth'),
    ('groupvit_pretrain_toy', 'none', 'mine has no student'),
    ('text_mapped_zero_shot_toy', 'none', 'mine has no student')])
def test_what_cannot_be_chosen(config, source, message):
    with pytest.raises(UserError, match=message):
        set_student_weights(load(config), 'mine', source)

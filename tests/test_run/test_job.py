"""Jobs: parsing, changes to the config, digest and errors."""
import copy
import pickle
from pathlib import Path

import numpy as np
import pytest
from mmcv.transforms import processing
from mmengine.config import Config

from mmseg_clipzs.run.configs import find_config
from mmseg_clipzs.run.job import Job
from mmseg_clipzs.utils import UserError
from mmseg_clipzs.vocabularies import get_vocabulary


@pytest.fixture
def files(tmp_path):
    """Writer of a config with vocabulary, weights and checkpoint."""
    paths = {name: tmp_path / name for name in (
        'words.txt', 'weights.pt', 'checkpoint.pth')}
    config = tmp_path / 'mine.py'

    def write(change=None, text='dog\nsea\n', config_text=''):
        for name, path in paths.items():
            path.write_text(text if name == change else 'cat\nsky\n')
        config.write_text(
            f"_base_ = '{find_config('maskclip_toy')}'\n{config_text}")
        return Job(config, paths['checkpoint.pth'],
                   clip=f'toy-vit-p8:{paths["weights.pt"]}',
                   options={'model.vocabulary': str(paths['words.txt'])})

    return write


# ------------------------------------------------------- CONFIG[:CHECKPOINT]
@pytest.mark.parametrize('text, config, checkpoint', [
    ('maskclip_voc', 'maskclip_voc', None),
    ('maskclip_voc:https://host.org:80/a.pth', 'maskclip_voc',
     'https://host.org:80/a.pth'),
    ('maskclip_voc:open-mmlab://a', 'maskclip_voc', 'open-mmlab://a')])
def test_parse(text, config, checkpoint):
    job = Job.parse(text)
    assert (job.config, job.checkpoint) == (config, checkpoint)


@pytest.mark.parametrize('text, config, checkpoint', [
    (r'C:\cfg\a.py', r'C:\cfg\a.py', None),
    (r'C:\cfg\a.py:D:\w\b.pth', r'C:\cfg\a.py', r'D:\w\b.pth'),
    ('C:/a.py:https://x/y.pth', 'C:/a.py', 'https://x/y.pth'),
    (r'maskclip_voc:D:\b.pth', 'maskclip_voc', r'D:\b.pth'),
    ('a/b.py:c:d.pth', 'a/b.py', 'c:d.pth')])
def test_parse_splits_before_it_looks(text, config, checkpoint, monkeypatch):
    """Windows paths, which do not exist here."""
    monkeypatch.setattr(Job, '__post_init__', lambda self: None)
    job = Job.parse(text)
    assert (job.config, job.checkpoint) == (config, checkpoint)


def test_parse_a_file_with_a_colon(files, tmp_path):
    files()
    path = (tmp_path / 'mine.py').rename(tmp_path / 'my:own.py')
    assert Job.parse(str(path)).name == 'my:own'


@pytest.mark.parametrize('text', ['', ':a.pth', 'maskclip_voc:'])
def test_not_of_this_form(text):
    with pytest.raises(UserError, match='Expected CONFIG or CONFIG:CHECK'):
        Job.parse(text)


def test_two_checkpoints():
    with pytest.raises(UserError, match='Two checkpoints.*a.pth and b.pth'):
        Job.parse('maskclip_voc:a.pth', checkpoint='b.pth')


# ----------------------------------------------------------------- the config
def test_load_applies_everything(tmp_path):
    weights = tmp_path / 'iter_9.pth'
    weights.touch()
    job = Job('maskclip_toy', weights, {'model.prompts': 'single'}, tmp_path,
              ['cat', 'sky'], 'ViT-L-14:openai')
    cfg = job.load()
    assert cfg.model.prompts == 'single'
    assert cfg.model.vocabulary == ['cat', 'sky']
    assert cfg.model.clip.to_dict() == dict(
        model='ViT-L-14', pretrained='openai')
    assert cfg.test_dataloader.dataset.data_root == str(tmp_path)
    assert cfg.load_from == str(weights)


def test_clip_without_weights_and_of_a_teacher():
    cfg = Job('maskclip_plus_toy', clip='ViT-L-14').load()
    assert cfg.model.teacher.clip.to_dict() == dict(
        model='ViT-L-14', pretrained='toy')


def test_tta_reaches_wrapped_datasets():
    cfg = Config.fromfile(find_config('maskclip_toy'))
    dataset = cfg.test_dataloader.dataset
    cfg.test_dataloader.dataset = dict(
        type='ConcatDataset', datasets=[dataset, dict(dataset)])
    job = Job(cfg, tta=True)
    changed = job.load()
    assert changed.model.type == 'ZeroShotTTAModel'
    assert changed.model.module.type == 'ZeroShotSegmentor'
    assert [each.pipeline[1].type for each
            in changed.test_dataloader.dataset.datasets] == ['TestTimeAug'] * 2
    assert job.describe()['protocol'] == 'toy, TTA'
    assert job.replace(tta=False).describe()['protocol'] == 'toy'


@pytest.mark.parametrize('kind', [
    'TestTimeAug', 'mmseg.TestTimeAug', processing.TestTimeAug,
    type('Mine', (processing.TestTimeAug, ), {})])
def test_a_configs_own_tta_pipeline(kind):
    cfg = Config.fromfile(find_config('maskclip_toy'))
    cfg.tta_pipeline = [dict(type='LoadImageFromFile'),
                        dict(type=kind, transforms=[])]
    loaded = Job(cfg, tta=True).load()
    assert loaded.test_dataloader.dataset.pipeline == cfg.tta_pipeline


def test_nobody_shares_a_config(tmp_path):
    """Loading changes neither the caller's objects nor the job."""
    cfg = Config.fromfile(find_config('maskclip_toy'))
    options = {'model.test_cfg': dict(_delete_=True, mode='whole'),
               'model': dict(prompts='single'), 'model.logit_scale': 7.}
    originals = copy.deepcopy((cfg.to_dict(), options))
    job = Job(cfg, options=options, data_root=tmp_path, tta=True)
    loaded = job.load()
    expected = copy.deepcopy(loaded.to_dict())
    loaded.model.clear()
    loaded.test_dataloader.dataset.pipeline.clear()
    assert job.load().to_dict() == expected
    assert (cfg.to_dict(), options) == originals
    cfg.model.clear()
    options.clear()
    assert job.load().to_dict() == expected


def test_a_pickled_job_is_the_same(files):
    job = files().replace(classes=['cat', 'sky'])
    for each in (job, job.replace(config=job.load())):
        again = pickle.loads(pickle.dumps(each))
        assert again.digest() == each.digest()
        assert again.describe() == each.describe()


# -------------------------------------------------------- digest, description
def test_digest_of_contents(files, monkeypatch):
    """A changed setting, file or version changes it; a second look does not.
    """
    first = files()
    jobs = [first, first.replace(options={
        **first.options, 'model.prompts': 'single'}),
        first.replace(classes='cat; sky'), first.replace(tta=True),
        first.replace(data_root='elsewhere')]
    digests = [job.digest() for job in jobs]
    for name in ('words.txt', 'weights.pt', 'checkpoint.pth'):
        digests.append(files(name).digest())
    digests.append(files(config_text='model = dict(logit_scale=50)').digest())
    with monkeypatch.context() as patch:
        patch.setattr('mmseg_clipzs.run.job.__version__', '0')
        digests.append(files().digest())
    assert len(set(digests)) == 10
    assert files().digest() == digests[0]
    assert files().replace(classes='cat; sea').digest() != digests[2]


def test_options_of_a_job_cannot_be_changed():
    job = Job('maskclip_toy', options={'model.prompts': 'single'})
    digest = job.digest()
    for change in (lambda options: options.update(a=1),
                   lambda options: options.pop('model.prompts'),
                   lambda options: options.__setitem__('model.pamr', {})):
        with pytest.raises(TypeError, match='Job.replace'):
            change(job.options)
    assert job.digest() == digest
    assert job.replace(options={}).digest() != digest


def test_digest_of_names_and_of_paths(tmp_path):
    """Display names are part of a list; files may be given as paths."""
    words, weights = tmp_path / 'words.txt', tmp_path / 'weights.pt'

    def digest(names, content):
        words.write_text(names)
        weights.write_bytes(content)
        return Job('maskclip_toy', classes=words, options={
            'model.clip.pretrained': weights}).digest()

    digests = [digest('cat: feline\nsky', b'1'),
               digest('tiger: feline\nsky', b'1'),
               digest('cat: feline\nsky', b'2')]
    assert len(set(digests)) == 3
    assert digest('cat: feline\nsky', b'1') == digests[0]


def test_digest_of_a_students_classes(tmp_path):
    """They are not in its config."""
    checkpoint = tmp_path / 'a.pth'
    checkpoint.touch()
    words = tmp_path / 'words.txt'
    words.write_text('cat\nsky\n')
    job = Job('maskclip_plus_toy', checkpoint)
    named = job.replace(classes=str(words))
    digests = [job.digest(), named.digest()]
    words.write_text('dog\nsky\n')
    assert len({*digests, named.digest()}) == 3


def test_describe(tmp_path):
    assert Job('groupvit_toy').describe() == dict(
        method='GroupViT', dataset='toy', protocol='toy', clip=None,
        weights=None, config='groupvit_toy', checkpoint=None)
    path = tmp_path / 'a.pth'
    path.touch()
    assert Job('maskclip_plus_toy', path).describe() == dict(
        method='MaskCLIP+', dataset='toy', protocol='toy',
        clip='toy-vit-p8', weights='toy', config='maskclip_plus_toy',
        checkpoint=str(path))


def test_needs():
    """A group of the leaderboard that the config names."""
    job = Job('maskclip_toy', options={'needs': 'network'})
    assert job.describe()['needs'] == 'network'
    assert 'needs' not in Job('maskclip_toy').describe()
    for wrong in ('networks', ['masks'], None):
        with pytest.raises(UserError, match=(
                'needs must be one of clip, network, masks, trained, but is '
                '.* in maskclip_toy')):
            Job('maskclip_toy', options={'needs': wrong}).describe()


@pytest.mark.parametrize('key', ['method', 'dataset_name', 'protocol'])
@pytest.mark.parametrize('value', [5, None, ['a']])
def test_names_are_texts(key, value):
    with pytest.raises(UserError, match=f'{key} must be a text in maskclip_'):
        Job('maskclip_toy', options={key: value}).describe()


# --------------------------------------------------------------------- errors
@pytest.mark.parametrize('settings, message', [
    (dict(config='maskclip_vox'), "No config 'maskclip_vox'.*Did you mean "
     'maskclip_voc'),
    (dict(config=__file__ + 'x'), 'No config'),
    (dict(config=Path(__file__).parents[2] /
          'LICENSE'), 'LICENSE is not a config'),
    (dict(checkpoint='gone.pth'), 'No checkpoint file at gone.pth'),
    (dict(options={'modle.logit_scale': 1}),
     "maskclip_toy has no 'modle'.*Did you mean model"),
    (dict(options={'test_dataloader.dataset.pipeline.9.type': 'x'}),
     'do not fit maskclip_toy: Index 9'),
    (dict(options={'model.prompts.a': 1}), 'do not fit maskclip_toy'),
    (dict(config='groupvit_toy', clip='ViT-B-16'),
     'groupvit_toy has no CLIP that ViT-B-16'),
    (dict(clip=':openai'), 'MODEL or MODEL:WEIGHTS'),
    (dict(clip='ViT-B-16:'), 'MODEL or MODEL:WEIGHTS'),
    (dict(classes='cat; cat'), "'cat' occurs more than once"),
    (dict(classes='gone.txt'), 'No vocabulary file at gone.txt'),
    (dict(config=Config(dict(model=dict(type='EncoderDecoder'))),
          classes='cat; sky'), 'EncoderDecoder has no vocabulary'),
    (dict(config=Config(dict(model=dict(type='EncoderDecoder'))), tta=True),
     'no tta_model'),
    (dict(config=Config(dict(
        tta_model=dict(type='SegTTAModel'), tta_pipeline=[
            dict(type='LoadImageFromFile'), dict(type='PackSegInputs')])),
          tta=True), 'tta_pipeline of config has no TestTimeAug'),
])
def test_what_does_not_fit(settings, message):
    with pytest.raises(UserError, match=message) as info:
        Job(**{'config': 'maskclip_toy', **settings})
    assert len(str(info.value)) < 300


@pytest.mark.parametrize('classes', [
    (name for name in ('cat, kitten', 'sky')), {'cat, kitten': 1, 'sky': 2},
    np.array(['cat, kitten', 'sky'])], ids=['generator', 'keys', 'array'])
def test_classes_of_any_ordered_kind(classes):
    if isinstance(classes, dict):
        classes = classes.keys()
    job = Job('maskclip_toy', classes=classes)
    for _ in range(2):
        words = get_vocabulary(job.load().model.vocabulary).synonyms
        assert words == (('cat', 'kitten'), ('sky', ))
    with pytest.raises(UserError, match='A set of classes has no order'):
        Job('maskclip_toy', classes={'cat', 'sky'})


def test_embeddings_belong_to_the_words_of_the_config():
    """They go with these, unless an option names others."""
    for name, path in (('maskclip_toy', 'model'),
                       ('maskclip_plus_toy', 'model.teacher')):
        cfg = Job(name).load()
        owner = cfg.model.get('teacher', cfg.model)
        owner.text_embeddings = 'toy.npy'

        def given(job):
            model = job.load(train=True).model
            return model.get('teacher', model).get('text_embeddings')

        assert given(Job(cfg)) == 'toy.npy'
        assert given(Job(cfg, classes='cat; sky')) is None
        assert given(Job(cfg, classes='cat; sky', options={
            f'{path}.text_embeddings': 'mine.npy'})) == 'mine.npy'


def test_keys_that_mmengine_reads_may_be_new():
    job = Job('maskclip_toy', options={'experiment_name': 'x',
                                       'randomness.seed': 3})
    assert job.load().randomness.seed == 3


@pytest.mark.parametrize('config, options', [
    ('maskclip_plus_toy', {}), ('text_mapped_zero_shot_toy', {}),
    ('groupvit_pretrain_toy', {})])
def test_a_model_to_be_trained_needs_a_checkpoint(config, options, tmp_path):
    with pytest.raises(UserError, match=f'first. .*{config}:CHECKPOINT'):
        Job(config).require_weights()
    path = tmp_path / 'a.pth'
    path.touch()
    Job(config, path).require_weights()
    Job(config, options={'load_from': str(path)}).require_weights()


@pytest.mark.parametrize('config', ['maskclip_toy', 'groupvit_toy'])
def test_zero_shot_models_bring_their_weights(config):
    Job(config).require_weights()

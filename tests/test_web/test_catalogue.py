import shutil
from pathlib import Path

import pytest

from mmseg_clipzs.checkpoints import cached_file
from mmseg_clipzs.clip.library import part
from mmseg_clipzs.clip.weights import SHIPPED
from mmseg_clipzs.run.job import Job
from mmseg_clipzs.utils import UserError
from mmseg_clipzs.web.catalogue import Catalogue, Choice

TOY = 'toy-vit-p8:toy'


@pytest.fixture
def caches(tmp_path, monkeypatch):
    """Empty caches of downloads."""
    monkeypatch.setattr('torch.hub.get_dir', lambda: f'{tmp_path}/torch')
    monkeypatch.setattr('huggingface_hub.constants.HF_HUB_CACHE',
                        f'{tmp_path}/hub')
    return tmp_path


@pytest.fixture(scope='module')
def toy():
    return Catalogue('maskclip_toy')


def put(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b'')


def put_tag(caches, name, tag):
    """Put a file where the download of a tag would be."""
    preset = part('pretrained').get_pretrained_cfg(name, tag)
    if preset.get('hf_hub'):
        repository, _, file = preset['hf_hub'].rpartition('/')
        put_in_hub(caches, repository,
                   file or 'open_clip_model.safetensors')
    else:
        put(cached_file(preset['url']))


def put_in_hub(caches, repository, *names):
    root = caches / f'hub/models--{repository.replace("/", "--")}'
    put(root / 'refs/main')
    (root / 'refs/main').write_text('1')
    for name in names:
        put(root / 'snapshots/1' / name)


def names(entries):
    return [name for _, name in entries]


def test_methods_of_the_toy_scenes(toy):
    assert toy.default == Choice('maskclip_toy', TOY)
    assert ('NACLIP', 'naclip_toy') in toy.methods
    assert ('MaskCLIP (windows 64/32)', 'maskclip_b_toy') in toy.methods
    assert ('GroupViT', 'groupvit_toy') in toy.methods
    assert 'maskclip_plus_toy' not in names(toy.methods)  # is trained
    assert names(toy.clips)[0] == TOY


@pytest.mark.parametrize('config', ['maskclip_toy', 'maskclip_voc',
                                    'clip_voc21', 'clip_coco_stuff'])
def test_no_two_titles_are_equal(config, caches):
    for model, tag in [('RN50', 'openai'), ('RN50x16', 'openai')]:
        put_tag(caches, model, tag)
    catalogue = Catalogue(config)
    for entries in (catalogue.methods, catalogue.clips):
        assert len(dict(entries)) == len(entries) > 1


def test_config_of_a_choice_is_the_command_lines(toy):
    assert toy.config_of(toy.default) == ('maskclip_toy', {})
    path = str(SHIPPED['toy-vit-p8', 'toy'])
    other = Catalogue('maskclip_toy', [f'toy-vit-p8:{path}'])
    choice = Choice('naclip_toy', f'toy-vit-p8:{path}')
    config, options = other.config_of(choice)
    assert Job(config, options=options).load().model == Job(
        'naclip_toy', clip=choice.clip).load().model


def test_models_without_clip_have_none(toy):
    assert toy.clips_for('groupvit_toy') == []
    choice = toy.fit(Choice('groupvit_toy', TOY))
    assert toy.config_of(choice) == ('groupvit_toy', {})
    assert toy.fit(Choice('naclip_toy', choice.clip)).clip == TOY


def test_only_what_is_here(caches):
    there = Catalogue('maskclip_voc')
    assert names(there.clips) == ['ViT-B-16:openai']
    absent = {'maskclip_rn50_voc', 'proxyclip_voc', 'corrclip_voc',
              'trident_voc', 'sam3_voc'}
    assert not absent & set(names(there.methods))
    put_tag(caches, 'RN50', 'openai')
    put_in_hub(caches, 'timm/vit_base_patch8_224.dino', 'model.safetensors')
    here = Catalogue('maskclip_voc')
    assert names(here.clips_for('maskclip_rn50_voc')) == ['RN50:openai']
    assert 'RN50:openai' not in names(here.clips_for('proxyclip_voc'))
    assert absent - set(names(here.methods)) == {
        'corrclip_voc', 'trident_voc', 'sam3_voc'}


def test_networks_of_transformers(caches):
    pytest.importorskip('transformers')
    put_in_hub(caches, 'facebook/sam3', 'config.json')
    assert 'sam3_voc' not in names(Catalogue('maskclip_voc').methods)
    put_in_hub(caches, 'facebook/sam3', 'config.json', 'model.safetensors')
    assert 'sam3_voc' in names(Catalogue('maskclip_voc').methods)


def test_a_file_of_several_tags_is_listed_once(caches):
    put_tag(caches, 'ViT-B-16-quickgelu', 'metaclip_fullcc')
    put_tag(caches, 'ViT-B-16', 'openai')
    assert names(Catalogue('maskclip_voc').clips) == [
        'ViT-B-16:openai', 'ViT-B-16-quickgelu:metaclip_fullcc']


def test_given_clips(caches, tmp_path):
    for folder in 'ab':
        put(tmp_path / folder / 'w.pt')
    catalogue = Catalogue('maskclip_voc', [
        'ViT-L-14', f'ViT-B/16:{tmp_path}/a/w.pt',
        f'ViT-B-16:{tmp_path}/b/w.pt'])
    assert catalogue.clips == [
        ('ViT-L/14, openai', 'ViT-L-14:openai'),
        *((f'ViT-B/16, w.pt ({tmp_path}/{folder}/w.pt)',
           f'ViT-B-16:{tmp_path}/{folder}/w.pt') for folder in 'ab'),
        ('ViT-B/16, openai', 'ViT-B-16:openai')]
    assert catalogue.default.clip == 'ViT-L-14:openai'
    assert not catalogue.is_here(catalogue.default)


def test_the_first_clip_that_fits(caches, tmp_path):
    put(tmp_path / 'w.pt')
    own = f'ViT-B-16:{tmp_path}/w.pt'
    catalogue = Catalogue('maskclip_voc', ['RN50:openai', own])
    assert catalogue.default == Choice('maskclip_voc', own)
    assert catalogue.is_here(catalogue.default)
    assert Catalogue('maskclip_voc', ['RN50:openai']).default == Choice(
        'maskclip_voc', 'ViT-B-16:openai')


@pytest.mark.parametrize('clip, words', [
    ('ViT-Q-1', 'Unknown CLIP architecture'),
    ('ViT-B-16:', 'MODEL:WEIGHTS'), ('ViT-B-16:absent', 'absent'),
    ('ViT-B-16:absent.pt', 'No weights file')])
def test_unknown_clips(clip, words):
    with pytest.raises(UserError, match=words):
        Catalogue('maskclip_toy', [clip])


@pytest.mark.parametrize('config, words', [
    ('maskclip_tow', 'maskclip_toy'),
    ('maskclip_plus_toy', 'classes of its training'),
    ('groupvit_pretrain_toy', 'trained first')])
def test_configs_that_do_not_fit(config, words):
    with pytest.raises(UserError, match=words):
        Catalogue(config)


def test_choices_of_others(toy):
    with pytest.raises(UserError, match='no method'):
        toy.config_of(Choice('naclip_voc', TOY))
    with pytest.raises(UserError, match='does not fit'):
        toy.config_of(Choice('naclip_toy', 'RN50:openai'))
    with pytest.raises(UserError, match='does not fit'):
        toy.config_of(Choice('groupvit_toy', TOY))


def test_a_config_of_ones_own(tmp_path):
    path = tmp_path / 'mine.py'
    shutil.copy(Path(__file__).parents[2] / 'configs/maskclip_toy.py', path)
    text = path.read_text().replace(
        "'_base_/", f"'{Path(__file__).parents[2]}/configs/_base_/")
    path.write_text(text)
    catalogue = Catalogue(path)
    assert catalogue.methods == [('MaskCLIP', str(path))]
    assert catalogue.config_of(catalogue.default) == (str(path), {})
    assert names(catalogue.clips_for(str(path)))[0] == TOY

"""Models of transformers: from a folder or the hub, or a reason why not."""
import shutil

import pytest
import torch

from mmseg_clipzs.checkpoints.pretrained import Pretrained
from mmseg_clipzs.utils import UserError

transformers = pytest.importorskip('transformers', minversion='5.20')


@pytest.fixture
def folder(small_sam3):
    return small_sam3


@pytest.fixture
def copied(folder, tmp_path):
    return shutil.copytree(folder, tmp_path / 'copy')


OPTION = '--cfg-options model.weights=FOLDER'


def pretrained(weights, **kwargs):
    return Pretrained(weights, 'SAM 3', 'foreign', 'facebook/sam3', OPTION,
                      **kwargs)


def load(folder, name='Sam3Model'):
    return pretrained(folder).model(name)


def test_a_folder(folder):
    """Filled, frozen, in eval mode and float32."""
    model = load(str(folder))
    want = transformers.Sam3Model.from_pretrained(folder).state_dict()
    assert not model.training
    for name, value in model.named_parameters():
        assert not value.requires_grad and value.dtype == torch.float32
        torch.testing.assert_close(value, want[name])


def test_reduced_weights_become_float32(copied):
    transformers.Sam3Model.from_pretrained(copied).to(
        torch.bfloat16).save_pretrained(copied)
    assert load(copied).dtype == torch.float32


def test_damaged_weights(copied):
    path = copied / 'model.safetensors'
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(UserError, match='SAM 3: Sam3Model cannot be read'):
        load(copied)


def test_damaged_config(copied):
    (copied / 'config.json').write_text('{"model_type": ')
    with pytest.raises(UserError, match='Sam3Model cannot be read from'):
        load(copied)


def test_weights_of_another_model(copied):
    from safetensors.torch import load_file, save_file
    path = copied / 'model.safetensors'
    save_file({key: value for key, value in load_file(path).items()
               if not key.startswith('mask_decoder.')}, path,
              dict(format='pt'))
    with pytest.raises(UserError, match=r'lacks \d+ weights \(mask_decoder'):
        load(copied)


def test_infinite_weights(copied):
    model = transformers.Sam3Model.from_pretrained(copied)
    with torch.no_grad():
        model.text_projection.weight[0, 0] = torch.inf
    model.save_pretrained(copied)
    with pytest.raises(UserError, match='text_projection.weight'):
        load(copied)


def test_pickles_are_not_read(copied):
    """They may run code."""
    (copied / 'model.safetensors').unlink()
    torch.save({}, copied / 'pytorch_model.bin')
    with pytest.raises(UserError, match='safetensors'):
        load(copied)


def test_no_config(tmp_path):
    with pytest.raises(UserError, match='has a config.json'):
        pretrained(tmp_path)


def test_unknown_class(folder):
    with pytest.raises(UserError, match='newer transformers than .* has no '
                       'Sam9Model: pip install -U "mmseg_clipzs.foreign."'):
        load(folder, 'Sam9Model')


@pytest.mark.parametrize('is_gated, refusal, said', [
    (True, (403, {'X-Error-Code': 'GatedRepo'}),
     'It is gated: accept its terms at https://huggingface.co/facebook/sam3 '
     'and log in with "hf auth login", or fetch it elsewhere and pass the '
     f'folder: {OPTION}.'),
    (True, (404, {'X-Error-Code': 'RepoNotFound'}),
     'Without a network, fetch https://huggingface.co/facebook/sam3 elsewhere '
     f'(its terms must be accepted there) and pass the folder: {OPTION}.'),
    (False, (404, {'X-Error-Code': 'RepoNotFound'}),
     'Without a network, fetch https://huggingface.co/facebook/sam3 elsewhere '
     f'and pass the folder: {OPTION}.')])
def test_the_hub_refuses(
        web, tmp_path, monkeypatch, is_gated, refusal, said):
    from huggingface_hub import constants
    monkeypatch.setattr(constants, 'ENDPOINT', web.address)
    monkeypatch.setattr(
        constants, 'HUGGINGFACE_CO_URL_TEMPLATE',
        web.address + '/{repo_id}/resolve/{revision}/{filename}')
    monkeypatch.setattr(constants, 'HF_HUB_CACHE', str(tmp_path))
    web.refusals['/facebook/sam3/resolve/main/config.json'] = refusal
    with pytest.raises(UserError) as raised:
        pretrained('facebook/sam3', is_gated=is_gated)
    assert said in str(raised.value)
    assert web.asked


def test_users_name_their_own_option(monkeypatch):
    from mmseg_clipzs.clip.tipsv2 import load_tipsv2
    from mmseg_clipzs.models.segmentors import Sam3Segmentor

    def refuse(*args):
        raise OSError('no answer')

    monkeypatch.setattr(
        'mmseg_clipzs.checkpoints.pretrained.hub_file', refuse)
    with pytest.raises(UserError) as raised:
        load_tipsv2('google/tipsv2-b14')
    assert str(raised.value).endswith('the folder: --clip tipsv2:FOLDER.')
    assert 'terms' not in str(raised.value)
    with pytest.raises(UserError, match='such as "google/tipsv2-b14"'):
        load_tipsv2('no/such/folder')
    with pytest.raises(UserError, match='terms .*: --cfg-options '
                       'model.weights=FOLDER'):
        Sam3Segmentor(weights='facebook/sam3')

import copy
import json
from pathlib import Path

import open_clip
import pytest

from mmseg_clipzs.clip import load_clip


@pytest.fixture(scope='module')
def tiny(tiny_vit):
    """A small LoadedClip."""
    return load_clip(**tiny_vit)


@pytest.fixture(scope='module')
def tiny_state(tiny):
    """Its state dict."""
    return copy.deepcopy(tiny.model.state_dict())


@pytest.fixture(scope='module')
def theirs(tiny_state):
    """open_clip's model with the weights of ``tiny``."""
    model = open_clip.CLIP(**open_clip.get_model_config('tiny-vit')).eval()
    model.load_state_dict(tiny_state)
    return model


@pytest.fixture
def add_config(tmp_path, monkeypatch):
    """Register a variant of tiny-vit with open_clip during the test."""
    for table in ('_MODEL_CONFIGS', '_MODEL_CONFIG_PATHS'):
        monkeypatch.setattr(open_clip.factory, table,
                            copy.copy(getattr(open_clip.factory, table)))

    def add(name, **changes):
        config = {**open_clip.get_model_config('tiny-vit'), **changes}
        (tmp_path / f'{name}.json').write_text(json.dumps(config))
        open_clip.add_model_config(tmp_path / f'{name}.json')
        return name

    return add


@pytest.fixture
def preset(monkeypatch, web, tiny_vit):
    """Register one tag with open_clip, whose weights are on the web."""
    web.files['/tiny.pt'] = Path(tiny_vit['pretrained']).read_bytes()
    facts = dict(url=f'{web.address}/tiny.pt', hf_hub='')
    monkeypatch.setattr(
        open_clip.pretrained, 'get_pretrained_cfg',
        lambda name, tag: dict(facts) if tag == 'my-tag' else {})
    monkeypatch.setattr(open_clip.pretrained, 'list_pretrained_tags_by_model',
                        lambda name: ['my-tag'])
    return facts

"""Templates of each class, from a dict or a file."""
import json
from pathlib import Path

import pytest

from mmseg_clipzs.clip import get_class_templates, get_templates
from mmseg_clipzs.utils import UserError

CAT = {'cat': ['a {}.', 'the {}.'], 'dog': 'single'}


def test_dict_and_files(tmp_path):
    want = {'cat': ('a {}.', 'the {}.'), 'dog': get_templates('single')}
    assert get_class_templates(CAT) == want
    for content, encoding in ((CAT, 'utf-8'), (CAT, 'utf-8-sig'), (
            dict(software='x', photos=3, classes=CAT), 'utf-8')):
        path = tmp_path / 'Templates.JSON'
        path.write_text(json.dumps(content), encoding=encoding)
        assert get_class_templates(path) == want
        assert get_class_templates(str(path)) == want


def test_templates_of_all_classes_are_none():
    for prompts in ('single', 'a {}.', ['a {}.', 'the {}.']):
        assert get_class_templates(prompts) is None


@pytest.mark.parametrize('content, message', [
    ('', 'cannot be read as JSON'),
    ('{"cat": ', 'cannot be read as JSON'),
    (b'\xff\xfe\x00', 'cannot be read as JSON'),
    ('[' * 100_000, 'cannot be read as JSON'),
    ('[]', 'must hold names of classes .* but holds list'),
    ('"a {}."', 'but holds str'),
    ('{}', 'has templates of no class'),
    ('{"classes": {}}', 'has templates of no class'),
    ('{"cat": []}', "class 'cat': A prompt template is a text"),
    ('{"cat": ["a cat"]}', "class 'cat': A prompt template is"),
    ('{"cat": ["a {} {}"]}', "class 'cat': A prompt template is"),
    ('{"cat": "imagenet8"}', "class 'cat': Unknown template set"),
    ('{"cat": 3}', "class 'cat': Prompt templates are"),
    ('{"cat": [3]}', "class 'cat': A prompt template is"),
])
def test_bad_files(tmp_path, content, message):
    path = tmp_path / 'templates.json'
    path.write_bytes(content if isinstance(content, bytes) else
                     content.encode())
    with pytest.raises(UserError, match=message):
        get_class_templates(path)


def test_names_are_texts():
    with pytest.raises(UserError, match='templates of 1; expected the name'):
        get_class_templates({1: ['a {}.']})


@pytest.mark.parametrize('prompts', [CAT, 'my/Templates.json',
                                     Path('my/templates.json')])
def test_models_without_them(prompts):
    with pytest.raises(UserError, match='not for teachers, students'):
        get_templates(prompts)


def test_no_file(tmp_path):
    with pytest.raises(UserError, match='No prompt templates at .*no.json'):
        get_class_templates(tmp_path / 'no.json')
    folder = tmp_path / 'folder.json'
    folder.mkdir()
    with pytest.raises(UserError, match=r'folder.json is a folder.*[^.]\.$'):
        get_class_templates(folder)

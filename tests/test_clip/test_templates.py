import open_clip
import pytest

from mmseg_clipzs.clip import TEMPLATE_SETS, get_templates
from mmseg_clipzs.utils import UserError


@pytest.mark.parametrize('name, size', [
    ('single', 1), ('imagenet80', 80), ('maskclip85', 85)])
def test_sets(name, size):
    templates = get_templates(name)
    assert len(templates) == len(set(templates)) == size
    assert all(template.count('{}') == 1 for template in templates)


def test_sets_build_on_each_other():
    assert set(TEMPLATE_SETS) == {
        'single', 'imagenet80', 'tcl9', 'maskclip85'}
    assert get_templates('maskclip85')[:80] == get_templates('imagenet80')
    assert all('scene' in template
               for template in get_templates('maskclip85')[80:])
    assert get_templates('imagenet80') == tuple(
        template('{}') for template in open_clip.OPENAI_IMAGENET_TEMPLATES)


@pytest.mark.parametrize('templates, want', [
    ('a {}', ('a {}', )), (['a {}', '{}'], ('a {}', '{}')),
    (('{} {{x}}'.replace('{{', '(').replace('}}', ')'), ), ('{} (x)', ))])
def test_own_templates(templates, want):
    assert get_templates(templates) == want


@pytest.mark.parametrize('templates, message', [
    ('imagenet',
     'Unknown template set .imagenet.; choose one of .*imagenet80.*'
     'maskclip85.*single.* contain "{}"'),
    ('a photo', 'Unknown template set'),
    (['a photo of a cat'], 'one "{}" for the class name, but got .a photo of'),
    (['a {}', 'the cat'], 'but got .the cat'),
    (['{} and {}'], 'but got .{} and {}'),
    ([], r'but got \[\]'),
    ([3], 'but got 3'),
    (['a {} with a {name}'], 'but got .a {} with a {name}'),
    (['a {} in {'], 'but got .a {} in {'),
])
def test_wrong_templates(templates, message):
    with pytest.raises(UserError, match=message):
        get_templates(templates)

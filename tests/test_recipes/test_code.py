"""Python code of plain data."""
import random

import pytest

from mmseg_clipzs.recipes.code import Raw, assign, comment, header, inherit

WORDS = ('type', 'size', 'backbone', 'decode_head', 'data_preprocessor')


def random_value(rng, level):
    kind = rng.choice(['dict', 'list', 'tuple', 'leaf'] if level else ['leaf'])
    if kind == 'leaf':
        return rng.choice([None, True, 1, 0.5, 1e-6, "ImageNet's", 'a "b"',
                           'x' * rng.randint(0, 20), (), []])
    count = rng.randint(1, 5)
    values = [random_value(rng, level - 1) for _ in range(count)]
    if kind == 'dict':
        return dict(zip(WORDS, values))
    return values if kind == 'list' else tuple(values)


@pytest.mark.parametrize('seed', range(50))
def test_code_is_the_value(seed):
    value = random_value(random.Random(seed), 4)
    code = assign('value', value)
    scope = {}
    exec(code, scope)
    assert scope['value'] == value
    assert type(scope['value']) is type(value)
    assert all(len(line) <= 79 for line in code.splitlines())


def test_short_values_take_one_line():
    assert assign('model', dict(type='A', size=(1, 2))) == (
        "model = dict(type='A', size=(1, 2))")
    assert assign('x', dict(pipeline=Raw('{{_base_.x}}'))) == (
        'x = dict(pipeline={{_base_.x}})')


def test_comments_and_bases_fit_the_page():
    text = '\n'.join([comment('word ' * 60), inherit(
        [f'_base_/models/{"m" * 20}{i}.py' for i in range(5)]), header(
            ['first ' * 30, 'Second.'], 'python x.py')])
    assert all(len(line) <= 79 for line in text.splitlines())
    assert '\n# Second.\n#\n#     python x.py\n#\n' in text

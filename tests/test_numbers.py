"""Checks of options that are numbers."""
import re

import numpy as np
import pytest

from mmseg_clipzs.utils import (
    UserError,
    check_flag,
    check_number,
    check_numbers,
)


@pytest.mark.parametrize('value, within, kind', [
    (0.5, '(0, 1)', float), (1, '(0, 1]', float), (0, '[0, inf)', float),
    (np.float32(0.25), '(0, 1)', float), (np.int64(3), '[1, inf)', int),
    (-1e300, '(-inf, inf)', float), (10**400, '[1, inf)', int)])
def test_numbers(value, within, kind):
    assert check_number('x', value, within, kind) is value
    assert check_numbers('x', [value, value], within, kind) == (value, value)
    assert check_number('x', None, within, kind, optional=True) is None


@pytest.mark.parametrize('value, within, kind', [
    (0, '(0, 1)', float), (1., '(0, 1)', float), (1.01, '(0, 1]', float),
    (float('nan'), '(-inf, inf)', float), (np.nan, '[0, 1]', float),
    (float('inf'), '[0, inf)', float), (-float('inf'), '(-inf, inf)', float),
    (True, '[0, 1]', float), (np.bool_(True), '[0, 1]', int),
    ('0.5', '(0, 1)', float), (None, '(0, 1)', float), (2.0, '[1, 9]', int),
    ([0.5], '(0, 1)', float), (1 + 0j, '[0, 2]', float)])
def test_no_numbers(value, within, kind):
    for check in (lambda: check_number('x', value, within, kind),
                  lambda: check_numbers('x', [value], within, kind)):
        with pytest.raises(UserError, match=r'^x(\[0\])? must be a .*number '
                           rf'in {re.escape(within)}, but got '):
            check()


@pytest.mark.parametrize('value', [(), [], None, 3, 'ab', {1: 2}, (1, 2)])
def test_no_list_of_three_numbers(value):
    with pytest.raises(UserError, match='x must be a list of 3 numbers in'):
        check_numbers('x', value, '[0, 9]', count=3)
    assert check_numbers('x', np.arange(3), '[0, 9]', int, 3) == (0, 1, 2)


def test_flags():
    assert check_flag('x', True) is True and check_flag('x', False) is False
    assert check_flag('x', None, optional=True) is None
    for value in ('no', 0, 1, None, 'False', []):
        with pytest.raises(UserError, match='x must be True or False, but'):
            check_flag('x', value)

import numpy as np
import pytest
from mmseg.evaluation import IoUMetric
from mmseg.registry import METRICS

from mmseg_clipzs.evaluation import ZeroShotIoUMetric
from mmseg_clipzs.utils import UserError


@pytest.mark.parametrize('unseen, seen, expected_seen', [
    (['dog'], None, ['sky', 'grass', 'cat', 'unicorn']),
    (['dog', 'cat'], None, ['sky', 'grass', 'unicorn']),
    (['dog', 'unicorn'], ['sky', 'cat'], ['sky', 'cat']),
    (('grass', ), ('sky', ), ['sky'])])
def test_equals_plain_counting(evaluate, plain_iou, unseen, seen,
                               expected_seen, log):
    figures = evaluate(METRICS.build(dict(
        type='ZeroShotIoUMetric', unseen=unseen, seen=seen)))
    a, b = (np.nanmean([plain_iou[name] for name in names])
            for names in (expected_seen, unseen))
    want = dict(seen=a, unseen=b, harmonic=2 / (1 / a + 1 / b))
    for key, value in want.items():
        assert figures[key] == pytest.approx(value, abs=0.01)
    assert (f'seen {figures["seen"]}, unseen {figures["unseen"]}, '
            f'harmonic {figures["harmonic"]}') in log[-1]


def test_adds_to_the_figures_of_mmseg(evaluate):
    figures = evaluate(ZeroShotIoUMetric(unseen=['dog']))
    for key in ('seen', 'unseen', 'harmonic'):
        figures.pop(key)
    assert figures == evaluate(IoUMetric())


def test_harmonic_mean_with_zero(evaluate):
    figures = evaluate(ZeroShotIoUMetric(unseen=['cat']))
    assert figures['seen'] > 0
    assert figures['unseen'] == figures['harmonic'] == 0


def test_harmonic_mean_of_zeros(evaluate):
    wrong = np.zeros((4, 4), int), np.ones((4, 4), int)
    figures = evaluate(ZeroShotIoUMetric(unseen=['sky']), [wrong])
    assert figures['seen'] == figures['unseen'] == figures['harmonic'] == 0


def test_label_maps_only(evaluate, tmp_path):
    metric = ZeroShotIoUMetric(
        unseen=['dog'], format_only=True, output_dir=str(tmp_path))
    assert evaluate(metric) == {}


@pytest.mark.parametrize('settings, message', [
    (dict(unseen=['dog', 'cat'], seen=['sky', 'cat']),
     "'cat' is both a seen and an unseen class"),
    (dict(unseen=[]), 'at least one unseen class'),
])
def test_bad_lists(settings, message):
    with pytest.raises(UserError, match=message):
        ZeroShotIoUMetric(**settings)


@pytest.mark.parametrize('settings', [
    dict(unseen=['dragon']), dict(unseen=['dog'], seen=['dragon'])])
def test_unknown_class(evaluate, settings):
    with pytest.raises(UserError, match=(
            "'dragon' is not a class of the dataset; choose from sky, grass")):
        evaluate(ZeroShotIoUMetric(**settings))

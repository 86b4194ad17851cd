"""A bar within one large photo."""
import io
import sys

import numpy as np
import pytest

from mmseg_clipzs.apis import ZeroShotInferencer
from mmseg_clipzs.utils import (
    UserError,
    progress,
    show_progress,
    time_limit,
    track,
)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def show_at_once(monkeypatch):
    """Terminal: In place of standard error; of a test, not of its setup."""
    monkeypatch.setattr(progress, '_DELAY', 0)
    monkeypatch.setattr(sys, 'stderr', Terminal())
    return sys.stderr


def test_only_where_it_is_wanted(monkeypatch):
    terminal = show_at_once(monkeypatch)
    assert list(track('abc', 'letters', 3)) == ['a', 'b', 'c']
    assert terminal.getvalue() == ''
    with show_progress():
        assert list(track('abc', 'letters', 3)) == ['a', 'b', 'c']
        assert 'letters' in terminal.getvalue()
        monkeypatch.setattr(sys, 'stderr', io.StringIO())  # a log
        assert list(track('abc', 'letters', 3)) == ['a', 'b', 'c']
        assert sys.stderr.getvalue() == ''


def test_not_before_some_seconds(monkeypatch):
    monkeypatch.setattr(sys, 'stderr', Terminal())
    with show_progress():
        assert len(list(track(range(100), 'numbers', 100))) == 100
    assert 'numbers' not in sys.stderr.getvalue()


@pytest.mark.usefixtures('one_thread')
def test_windows_and_pixels(monkeypatch, tiny_config):
    """Of the inferencer; bars go at the end, also of an interruption."""
    terminal = show_at_once(monkeypatch)
    cfg = tiny_config('sclip_toy')
    cfg.model.vocabulary = 'cat; sky'
    inferencer = ZeroShotInferencer(cfg, device='cpu')
    photo = np.zeros((200, 300, 3), np.uint8)
    inferencer(photo)
    for what in ('windows', 'pixels'):
        assert f'{what}: ' in terminal.getvalue()
    inferencer.set_image(photo)
    assert len(inferencer.predict().classes) == 2

    def stop(windows):
        raise KeyboardInterrupt

    inferencer.model.extract_feat = stop
    with pytest.raises(KeyboardInterrupt):
        inferencer(photo)
    last = terminal.getvalue().split('\r')[-1]
    assert not last.replace('\x1b[A', '').strip()


@pytest.mark.usefixtures('one_thread')
@pytest.mark.parametrize('what', ['windows', 'tiles', 'words'])
def test_time_limit(what, monkeypatch, tiny_config):
    """Nothing more is computed, and the next call is as ever."""
    cfg = tiny_config('sclip_toy')
    inferencer = ZeroShotInferencer(cfg, device='cpu', classes='cat; sky')
    photo = np.zeros((200, 300, 3), np.uint8)
    want, = inferencer(photo)
    image = inferencer.encode(photo)
    calls = dict(
        windows=lambda: inferencer.encode(photo),
        tiles=lambda: inferencer.predict(image=image),
        words=lambda: inferencer.predict('tree; sea', image=image))
    now = [0.]
    monkeypatch.setattr(progress.time, 'monotonic', lambda: now[0])
    with time_limit(100), time_limit(2.5), time_limit(None):
        calls[what]()
        now[0] = 2.5
        with pytest.raises(UserError, match=r'more than 2\.5 seconds'):
            calls[what]()
    with time_limit(3):
        assert np.array_equal(inferencer.predict(image=image).mask, want.mask)


def test_the_earlier_end_counts(monkeypatch):
    now = [0.]
    monkeypatch.setattr(progress.time, 'monotonic', lambda: now[0])
    with time_limit(2), time_limit(50):
        now[0] = 3
        with pytest.raises(UserError, match='more than 2 seconds'):
            list(track('abc', 'letters', 3))
    with pytest.raises(UserError, match=r'seconds must be a number in \(0'):
        with time_limit(0):
            pass

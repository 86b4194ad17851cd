"""A bar within one large photo."""
import io
import sys

import numpy as np
import pytest

from mmseg_clipzs.apis import ZeroShotInferencer
from mmseg_clipzs.utils import progress, show_progress, track


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

"""A function in a separate process."""
import os
import signal
from concurrent.futures.process import BrokenProcessPool

import pytest

from mmseg_clipzs.run.process import _uninterrupted, run_alone

pytestmark = pytest.mark.slow  # a process imports torch


def test_result_of_another_process():
    assert run_alone(os.getpid) != os.getpid()
    assert run_alone(divmod, 7, 2) == (3, 1)


def test_a_crash_is_not_this_processs():
    with pytest.raises(BrokenProcessPool):
        run_alone(os.abort)


def test_interruptions_wait_while_a_process_starts():
    usual, done = signal.getsignal(signal.SIGINT), []
    with pytest.raises(KeyboardInterrupt), _uninterrupted():
        signal.raise_signal(signal.SIGINT)
        done.append('started')
    assert done and signal.getsignal(signal.SIGINT) == usual

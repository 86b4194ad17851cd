import sys

import pytest

from clipzs import main


@pytest.fixture
def call(monkeypatch, capsys):
    """``call(command, *arguments)``: what it prints."""
    def run(command, *arguments):
        monkeypatch.setattr(sys, 'argv', ['tool', *map(str, arguments)])
        main(command)
        return capsys.readouterr().out

    return run

import sys

import pytest

from mmseg_clipzs.utils import run_tool


@pytest.fixture
def call(monkeypatch, capsys):
    """``call(module, *arguments)``: what the tool prints."""
    def run(module, *arguments):
        monkeypatch.setattr(sys, 'argv', ['tool', *map(str, arguments)])
        run_tool(module.main)
        return capsys.readouterr().out

    return run

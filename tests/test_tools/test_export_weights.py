"""tools/export_weights.py: half the size, equal up to float16."""
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file
from small_groupvit import small_groupvit

from clipzs import main


def test_exported_weights(tmp_path, monkeypatch, capsys):
    model = small_groupvit()
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'iter_1.pth')
    out = tmp_path / 'small.safetensors'
    monkeypatch.setattr(sys, 'argv', [
        'export_weights.py', str(tmp_path / 'iter_1.pth'), '--out', str(out)])
    main('export_weights')
    assert 'tensors' in capsys.readouterr().out
    assert out.stat().st_size < .55 * (
        tmp_path / 'iter_1.pth').stat().st_size
    main('export_weights')  # its own result is replaced
    again = small_groupvit(weights=str(out), noise=0)
    for key, value in again.state_dict().items():
        torch.testing.assert_close(
            value, model.state_dict()[key], atol=1e-3, rtol=1e-3)


def test_other_weights_are_not_replaced(tmp_path, monkeypatch):
    out = tmp_path / 'mine.safetensors'
    save_file(dict(a=torch.ones(1)), out)
    monkeypatch.setattr(sys, 'argv', [
        'export_weights.py', 'iter_1.pth', '--out', str(out)])
    with pytest.raises(SystemExit, match='mine.safetensors exists and was'):
        main('export_weights')
    assert list(load_file(out)) == ['a']


def test_another_suffix(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, 'argv', [
        'export_weights.py', 'iter_1.pth', '--out', str(tmp_path / 'x.pth')])
    with pytest.raises(SystemExit, match='must be a .safetensors file'):
        main('export_weights')
    assert not list(tmp_path.iterdir())

"""tools/doctor.py: a table and an exit code."""
import runpy
import sys
from pathlib import Path

import pytest
import torch

TOOL = Path(__file__).parents[2] / 'tools/doctor.py'


@pytest.fixture
def doctor(monkeypatch, capsys):
    """``doctor(*arguments)``: exit code and output."""
    def run(*arguments):
        monkeypatch.setattr(sys, 'argv', ['doctor.py', *map(str, arguments)])
        with pytest.raises(SystemExit) as info:
            runpy.run_path(str(TOOL), run_name='__main__')
        return info.value.code, capsys.readouterr().out

    return run


def test_this_installation(doctor):
    code, table = doctor()
    assert code == 0
    for checked in ('Python', 'torch', 'cpu', 'cache', 'image tower, cpu',
                    'toy-vit-p8.safetensors', 'toy-dino-p4.safetensors'):
        assert f'| {checked} ' in table
    assert 'WRONG' not in table


def test_given_weights(doctor, tiny_vit, tmp_path):
    path = tmp_path / 'x.pth'
    torch.save(dict(state_dict={'a': torch.tensor([float('nan')])}), path)
    code, table = doctor('--clip', f'tiny-vit:{tiny_vit["pretrained"]}',
                         'tiny-vit:gone.pt', '--checkpoint', path)
    assert code == 1
    assert table.count('| WRONG |') == 2
    assert 'No weights file at' in table
    code = doctor('--clip', 'ViT-B-16')[0]
    assert code.startswith('error: --clip takes MODEL:FILE')

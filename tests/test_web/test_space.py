"""What examples/space has is ready for a Hugging Face Space."""
import re
import runpy
from pathlib import Path
from types import SimpleNamespace
from urllib.request import urlopen

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SPACE = ROOT / 'examples/space'


def requirements(*paths):
    return {line for path in paths
            for line in path.read_text().splitlines()
            if line and not line.startswith('#')}


def test_requirements_are_those_of_the_project():
    assert requirements(SPACE / 'requirements.txt') == requirements(*(
        ROOT / f'requirements/{name}.txt'
        for name in ('runtime', 'lite', 'web')))


def test_front_matter():
    _, front, text = (SPACE / 'README.md').read_text(
        encoding='utf-8').split('---\n', 2)
    front = yaml.safe_load(front)
    assert (front['sdk'], front['app_file']) == ('gradio', 'app.py')
    assert len(front['short_description']) <= 60  # as the hub wants it
    wanted, = (line for line in requirements(ROOT / 'requirements/web.txt')
               if line.startswith('gradio'))
    assert wanted == f'gradio>={front["sdk_version"].partition(".")[0]},<7'
    copied = re.search('cp -r (.*) space/', text)[1].split()
    assert all((ROOT / name).exists() for name in copied)


def test_it_serves_the_page(monkeypatch, capsys):
    pytest.importorskip('gradio')
    from mmseg_clipzs.cli import web

    class Enough(Exception):
        pass

    def visit(seconds):
        address = re.search(r'http://\S+?:\d+', capsys.readouterr().out)[0]
        with urlopen(address.replace('0.0.0.0', '127.0.0.1')) as answer:
            assert 'Words on a photo' in answer.read().decode()
        raise Enough

    monkeypatch.setenv('CONFIG', 'maskclip_toy')
    monkeypatch.setenv('PORT', '0')
    monkeypatch.setattr(web, 'time', SimpleNamespace(sleep=visit))
    monkeypatch.setattr('sys.argv', ['app.py'])
    with pytest.raises(Enough):
        runpy.run_path(str(SPACE / 'app.py'), run_name='__main__')

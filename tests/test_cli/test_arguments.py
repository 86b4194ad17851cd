"""Shared arguments of the tools."""
import os
import runpy
import sys
from pathlib import Path

import pytest

from mmseg_clipzs.cli.arguments import add_arguments, job_of, make_parser
from mmseg_clipzs.utils import UserError
from mmseg_clipzs.vocabularies import get_vocabulary

TOOLS = Path(__file__).parents[2] / 'tools'


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / 'a.pth'
    path.touch()
    return str(path)


def test_a_job(checkpoint):
    parser = make_parser('A tool.')
    add_arguments(parser, 'config', 'checkpoint', 'clip', 'classes',
                  'data_root', 'tta', 'cfg_options')
    job = job_of(parser.parse_args([
        'maskclip_toy', '--checkpoint', checkpoint, '--clip', 'ViT-L-14',
        '--classes', 'cat; sky', '--data-root', 'd', '--tta',
        '--cfg-options', 'model.prompts=single']))
    assert (job.config, job.checkpoint, job.clip, job.classes, job.data_root,
            job.tta, job.options) == (
        'maskclip_toy', checkpoint, 'ViT-L-14', 'cat; sky', 'd', True,
        {'model.prompts': 'single'})


@pytest.mark.parametrize('arguments', [
    ['--classes', 'cat; grass, lawn; sky'],
    ['-w', 'cat', '--word', 'grass, lawn', '-wsky'],
    ['--word=cat', '-w', 'grass,lawn', '-w', ' sky ']])
def test_one_list_of_classes(arguments):
    parser = make_parser('A tool.')
    add_arguments(parser, 'config', 'classes')
    job = job_of(parser.parse_args(['maskclip_toy', *arguments]))
    vocabulary = get_vocabulary(job.load().model.vocabulary)
    assert vocabulary.to_dict() == dict(
        cat=['cat'], grass=['grass', 'lawn'], sky=['sky'])
    assert parser.parse_args(['maskclip_toy']).classes is None


@pytest.mark.parametrize('text, value', [
    ('0.50', .5), ('auto', 'auto'), (' AUTO', 'auto'),
    ('auto, .5', 'auto,0.5')])
def test_equal_backgrounds_are_equal(text, value):
    parser = make_parser('A tool.')
    add_arguments(parser, 'background')
    background = parser.parse_args(['--background', text]).background
    assert background == value and type(background) is type(value)


def test_a_tool_with_few_arguments():
    parser = make_parser('A tool.')
    add_arguments(parser, 'config')
    job = job_of(parser.parse_args(['maskclip_toy']), classes='cat; sky')
    assert job.options == {} and job.classes == 'cat; sky'


@pytest.mark.parametrize('arguments', [
    ['maskclip_toy', 'CHECKPOINT'], ['maskclip_toy:CHECKPOINT'],
    ['maskclip_toy', '--checkpoint', 'CHECKPOINT'],
    ['--checkpoint', 'CHECKPOINT', 'maskclip_toy'],
    ['maskclip_toy', 'CHECKPOINT', '--cfg-options', 'log_level=INFO']])
def test_three_places_for_a_checkpoint(arguments, checkpoint):
    parser = make_parser('A tool.')
    add_arguments(parser, 'config', 'checkpoint_after_config', 'checkpoint',
                  'cfg_options')
    args = parser.parse_args([
        text.replace('CHECKPOINT', checkpoint) for text in arguments])
    assert job_of(args).checkpoint == checkpoint


def test_two_checkpoints(checkpoint):
    parser = make_parser('A tool.')
    add_arguments(parser, 'config', 'checkpoint_after_config')
    with pytest.raises(UserError, match='Two checkpoints'):
        job_of(parser.parse_args([f'maskclip_toy:{checkpoint}', checkpoint]))


def test_help_keeps_lines_and_shows_defaults():
    parser = make_parser('First line.\n\n    a command\n')
    add_arguments(parser, 'launcher', 'device', 'tta', out=dict(default='o'),
                  clip=dict(nargs='+', default=['50%', 'b']))
    text = parser.format_help()
    assert '\n\n    a command\n' in text
    assert '(default: o)' in text and '(default: 50% b)' in text
    assert 'job launcher (default: none)' in text
    assert 'False' not in text and 'None' not in text
    assert 'rank' not in text
    assert text.count('(default: the first GPU') == 1


def test_other_flags():
    parser = make_parser('A tool.')
    add_arguments(parser, work_dir=dict(flags=['--work-dir', '--out']))
    assert parser.parse_args(['--out', 'a']).work_dir == 'a'
    assert parser.parse_args(['--work-dir', 'b']).work_dir == 'b'


def test_local_rank_goes_to_the_environment(monkeypatch):
    monkeypatch.delenv('LOCAL_RANK', raising=False)
    parser = make_parser('A tool.')
    add_arguments(parser, 'launcher')
    parser.parse_args([])
    assert 'LOCAL_RANK' not in os.environ
    parser.parse_args(['--local_rank', '3'])
    assert os.environ['LOCAL_RANK'] == '3'
    parser.parse_args(['--local-rank=4'])  # torchrun's own wins
    assert os.environ['LOCAL_RANK'] == '3'
    monkeypatch.delenv('LOCAL_RANK')


@pytest.fixture
def help_of(monkeypatch, capsys):
    """Option -> help text of ``tools/NAME.py --help``."""
    def read(name, columns=500):
        monkeypatch.setattr(sys, 'argv', [f'{name}.py', '--help'])
        monkeypatch.setenv('COLUMNS', str(columns))
        with pytest.raises(SystemExit) as info:
            runpy.run_path(str(TOOLS / f'{name}.py'), run_name='__main__')
        assert info.value.code == 0
        options = {}
        lines = capsys.readouterr().out.splitlines()
        for line, below in zip(lines, lines[1:] + ['']):
            flag, _, text = line.strip().partition('  ')
            if line.startswith('  --'):  # a long one has its text below
                options[flag] = text.strip() or below.strip()
        return options

    return read


def test_same_option_same_help(help_of):
    """Shared options have the same help text in all tools."""
    common = ('--data-root FOLDER', '--clip MODEL[:WEIGHTS]',
              '--classes CLASSES', '--photos FOLDER', '--checkpoint FILE')
    own_words = {('train', '--checkpoint FILE'), ('demo', common[0])}
    texts = {}
    for tool in ('test', 'train', 'segment', 'benchmark', 'leaderboard',
                 'check_data', 'corruptions', 'demo'):
        help_of(tool, columns=60)  # argparse wraps, or fails at brackets
        options = help_of(tool)
        assert not [flag for flag, text in options.items()
                    if not text or text.startswith('-')], tool
        for flag in common:
            if flag in options and (tool, flag) not in own_words:
                texts.setdefault(flag, set()).add(options[flag])
    assert set(texts) == set(common)
    assert all(len(each) == 1 for each in texts.values())

"""clipzs segment on folders, patterns and lists, and started again."""
import io
import json
import os
import shutil

from mmseg_clipzs.folders import find_photos

from .inputs import prepared
from .table import Row, says, usage, works

TOY = '--config maskclip_toy --device cpu --classes "cat; grass, lawn; sky"'


@prepared
def nested(folder, photo, cut_photo):
    """Photos in nested folders, with a damaged one and files of others."""
    for name in ('a/cat.jpg', 'a/b/cat.jpg', 'top.jpg', '.hidden.jpg'):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(photo, folder / name)
    shutil.copy(cut_photo, folder / 'a/cut.jpg')
    (folder / 'a/notes.md').write_text('no photo')
    os.symlink('..', folder / 'a/loop')
    return folder


@prepared
def lists(folder, photo):
    """Lists of photos: good, empty, of what is not there, binary."""
    (folder / 'good.txt').write_text(f'{photo}\n\n')
    (folder / 'empty.txt').write_text('\n \n')
    (folder / 'gone.txt').write_text('gone.jpg\n')
    (folder / 'zero.txt').write_bytes(bytes(40))
    return folder


def made(count, **others):
    """Check: so many lines of photos with results in ``out``."""
    def check(r):
        head, *lines = map(json.loads, (
            r.folder / 'out/results.jsonl').read_text().splitlines())
        return sum('error' not in line for line in lines) == count and all(
            head['settings'][key] == value for key, value in others.items())
    return check


def twice(first, second, changed=None):
    """Call: Two command lines, one after the other, in one folder."""
    def call(box):
        from . import runner
        words = [*map(str, (box.photo, '--config', 'maskclip_toy',
                            '--device', 'cpu'))]
        runner._tool('segment', *words, *first)
        if changed:
            changed(box.folder / 'out')
        runner._tool('segment', *words, *second)
    return call


def _damage(out):
    content = (out / 'results.jsonl').read_bytes()
    (out / 'results.jsonl').write_bytes(content[:-20])


SUN = ('--classes', 'sun; moon')
OUT = ('out/*', )
ROWS = [
    Row('nested', f'segment {{nested}} {TOY}', says(
        '1 of 4 photos was skipped; .*a/cut.jpg is damaged', made(3), OUT)),
    Row('pattern', f'segment "{{nested}}/**/c?t.jpg" {TOY}', says(
        'cut.jpg is damaged', made(2), OUT)),
    Row('pattern_of_nothing', f'segment "{{nested}}/*.gif" {TOY}',
        says(r'No image matches .*/\*.gif')),
    Row('pattern_and_photo', f'segment "*.gif" {{photo}} {TOY}', says(
        r'No image matches \*.gif', made(1), OUT)),
    Row('pattern_with_open_bracket', f'segment "[a.jpg" {TOY}',
        says(r'No image matches \[a.jpg')),
    Row('list', f'segment @{{lists}}/good.txt {TOY}', works(made(1))),
    Row('list_without_at', f'segment {{lists}}/good.txt {TOY}',
        says('good.txt is a list, no image: @.*good.txt takes')),
    Row('list_missing', f'segment @gone.txt {TOY}', says(
        'No file at gone.txt; expected a list')),
    Row('list_empty', f'segment @{{lists}}/empty.txt {TOY}',
        says('There is no path in .*empty.txt')),
    Row('list_of_nothing', f'segment @{{lists}}/gone.txt {TOY}',
        says('No image at gone.jpg')),
    Row('list_binary', f'segment @{{lists}}/zero.txt {TOY}', says('.')),
    Row('list_a_photo', f'segment @{{photo}} {TOY}', says('.')),
    Row('list_a_folder', f'segment @{{nested}} {TOY}',
        says('nested is a folder; expected a list of images')),
    Row('list_a_null_device', f'segment @/dev/null {TOY}',
        says('/dev/null is a device; expected a list')),
    Row('list_at_alone', f'segment @ {TOY}', says('expected a list')),
    Row('input_empty', lambda box: find_photos(
        ['-'], stdin=io.StringIO('')).errors, works(lambda r: r.value == {
            0: 'There is no path in the standard input.'})),
    # -------------------------------------------------------------- options
    Row('format_unknown', f'segment {{photo}} {TOY} --format coko',
        usage("invalid choice: 'coko'")),
    Row('format_of_nothing', f'segment {{photo}} {TOY} --format',
        usage('expected at least one argument')),
    Row('format_twice', f'segment {{photo}} {TOY} --format index index',
        works(made(1, formats=['index']))),
    Row('format_groups', f'segment {{photo}} {TOY} --format groups',
        says('groupvit')),
    Row('launcher_alone', f'segment {{photo}} {TOY} --launcher pytorch',
        usage('pytorch did not start this process')),
    # ----------------------------------------------------------- once more
    Row('again', twice(SUN, SUN), works(made(1))),
    Row('other_words', twice(SUN, ('--classes', 'sea')), says(
        r'out has results of other settings \(words sun; moon then, sea now\)'
        ': choose another --out, or replace them with --overwrite', made(1),
        OUT)),
    Row('other_words_overwritten', twice(
        SUN, ('--classes', 'sea; sky', '--overwrite')), works(made(
            1, words=[['sea'], ['sky']]))),
    Row('other_formats', twice(SUN, (*SUN, '--heatmaps')), says(
        r'formats index; overlay then, heatmaps; index; overlay now',
        made(1), OUT)),
    Row('other_options', twice(SUN, (
        *SUN, '--cfg-options', 'model.logit_scale=3')), says(
            r"\(the model's settings\)", made(1), OUT)),
    Row('other_size', twice(SUN, (*SUN, '--max-size', '64')), says(
        'max_size auto then, 64 now', made(1), OUT)),
    Row('torn_results', twice(SUN, SUN, _damage), works(made(1))),
    Row('results_of_others', twice(SUN, SUN, lambda out: (
        out / 'results.jsonl').write_text('{}')), says(
            'results.jsonl exists and was not written by this', None, OUT)),
    Row('results_are_a_folder', twice(SUN, SUN, lambda out: (
        (out / 'results.jsonl').unlink(),
        (out / 'results.jsonl').mkdir())), says(
            'results.jsonl exists and was not', None, OUT)),
    Row('results_without_settings', twice(SUN, SUN, lambda out: (
        out / 'results.jsonl').write_text(
            '{"written_by": "Written by mmseg_clipzs", "settings": 3}\n'
            '{"name": 3, "files": 5}\n[]\nx\n')), says(
                'out has results of other settings', None, OUT)),
]


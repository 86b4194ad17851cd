"""Lists of images and captions, and the tools that read them."""
import json

from mmseg_clipzs.datasets.image_text.lists import read_list

from .inputs import prepared
from .table import Row, says, usage, works

NOUNS = '--words "cat; dog"'


def written(name, text, encoding='utf-8'):
    """Prepare a list with these contents, beside the images 0.png, 1.png."""
    suffix = name.rpartition('.')[2]
    key = f'list_{name.replace(".", "_")}'

    def make(folder, pairs):
        for i in range(3):
            (folder / f'{i}.png').write_bytes(
                (pairs.parent / f'{i}.png').read_bytes())
        (folder / f'list.{suffix}').write_bytes(text.encode(encoding))
        return folder / f'list.{suffix}'

    make.__name__ = key
    prepared(make)
    return f'{{{key}}}'


def captions(name, text, outcome, encoding='utf-8'):
    """A row of prepare_captions on such a list."""
    return Row(f'captions_{name.replace(".", "_")}', 'prepare_captions '
               f'{written(name, text, encoding)} --out out.json {NOUNS}',
               outcome)


def shards(name, text, outcome):
    """A row of make_shards on such a list."""
    return Row(f'shards_{name.replace(".", "_")}', 'make_shards '
               f'{written(name, text)} --out shards', outcome)


def nouns(*expected):
    return works(lambda r: [row['nouns'] for row in json.loads(
        (r.folder / 'out.json').read_text())] == list(expected))


def skipped(count, pattern):
    """All but ``count`` are packed; they are named, with exit code 1."""
    return says(pattern, lambda r: (r.folder / 'shards/000000.tar').is_file(),
                ['shards/*.tar'])


ONE = '{"image": "0.png", "caption": "a cat"}'
ROWS = [
    captions('not.json', '{', says(r'list\.json')),
    captions('object.json', '{"image": "0.png"}', says(r'list\.json')),
    captions('number.json', '5', says(r'list\.json')),
    captions('texts.json', '["0.png"]', says('Row 1')),
    captions('no_image.json', '[{"caption": "a cat"}]', says('Row 1')),
    captions('no_caption.json', f'[{ONE}, {{"image": "1.png"}}]',
             says('Row 2', leaves=['out.json'])),
    captions('deep.json', '[' * 100000 + ']' * 100000, says(r'list\.json')),
    captions('long_number.json', '[' + '9' * 5000 + ']', says('list|Row 1')),
    captions('utf16.json', f'[{ONE}]', says(r'list\.json'), 'utf-16'),
    captions('latin.json', '[{"image": "0.png", "caption": "caf\u00e9"}]',
             says(r'list\.json'), 'latin-1'),
    captions('bom.json', f'[{ONE}]', nouns(['cat']), 'utf-8-sig'),
    captions('bom.csv', 'image,caption\n0.png,a cat\n', nouns(['cat']),
             'utf-8-sig'),
    captions('empty.csv', '', says('list|no')),
    captions('header_only.csv', 'image,caption\n', says('list|no')),
    captions('no_header.csv', '0.png,a cat\n', says('list|caption')),
    captions('semicolons.csv', 'image;caption\n0.png;a cat\n', says('Row 1')),
    captions('quote.csv', 'image,caption\n0.png,"a cat\n', says(r'list\.csv')),
    captions('long_field.csv', 'image,caption\n0.png,' + 'x' * 200000 + '\n',
             says('list')),
    captions('windows.csv', 'image,caption\r\n0.png,a cat\r\n',
             nouns(['cat'])),
    captions('blank.jsonl', f'\n{ONE}\n\n', nouns(['cat'])),
    captions('cut.jsonl', f'{ONE}\n{{"ima', says(
        r'list\.jsonl', leaves=['out.json'])),
    captions('array.jsonl', f'[{ONE}]', says('Row 1')),
    captions('nothing.jsonl', '', says('list|no')),
    captions('text.parquet', 'PAR1', says(r'list\.parquet')),
    captions('upper.JSON', f'[{ONE}]', nouns(['cat'])),
    captions('table.xlsx', 'PK', says('csv')),
    captions('words.txt', 'a cat', says('csv')),
    Row('captions_missing', f'prepare_captions gone.json --out o.json {NOUNS}',
        says('gone.json')),
    Row('captions_folder', 'prepare_captions {my_photos} --out o.json '
        + NOUNS, says('csv')),
    Row('captions_out_suffix', 'prepare_captions {pairs} --out o.txt '
        + NOUNS, says(r'o\.txt')),
    Row('captions_out_many', f'prepare_captions {{pairs}} --out o.csv {NOUNS}',
        says('CSV')),
    Row('captions_out_a_folder', 'prepare_captions {pairs} '
        f'--out {{empty_folder}} {NOUNS}', says('csv|nothing')),
    Row('captions_no_out', 'prepare_captions {pairs}', usage('--out')),
    Row('captions_words', 'prepare_captions {pairs} --out o.json '
        '--words "; ;"', says('words|vocabulary|class')),
    Row('captions_words_gone', 'prepare_captions {pairs} --out o.json '
        '--words gone.txt', says('gone.txt')),
    Row('captions_over_itself', 'prepare_captions {my_pairs} '
        f'--out {{my_pairs}} {NOUNS}', works(lambda r: json.loads(
            (r.folder / 'pairs/captions.json').read_text())[0]['nouns']
            == ['cat', 'dog'])),
    # ---------------------------------------------------------------- shards
    shards('gone.json', f'[{ONE}, {{"image": "9.png", "caption": "x"}}]',
           skipped(1, '9.png|1 of 2|skipped')),
    shards('up.json', f'[{ONE}, {{"image": "../../../etc/passwd.png", '
           '"caption": "x"}]', skipped(1, 'passwd|1 of 2|skipped')),
    shards('absolute.json', f'[{ONE}, {{"image": "/etc/hostname", '
           '"caption": "x"}]', skipped(1, 'hostname|1 of 2|skipped')),
    shards('image_number.json', f'[{ONE}, {{"image": 5, "caption": "x"}}]',
           skipped(1, '5|1 of 2|skipped')),
    shards('nan.json', f'[{ONE}, {{"image": "1.png", "caption": NaN}}]',
           skipped(1, '1.png|1 of 2|skipped')),
    shards('image_list.json', f'[{ONE}, {{"image": ["1.png"], '
           '"caption": "x"}]',
           skipped(1, '1.png|1 of 2|skipped')),
    shards('null_name.json', f'[{ONE}, {{"image": "a\\u0000.png", '
           '"caption": "x"}]', skipped(1, '1 of 2|skipped|a')),
    shards('blank_caption.json', f'[{ONE}, {{"image": "1.png", '
           '"caption": "  "}]', skipped(1, '1.png|1 of 2|skipped')),
    shards('all_bad.json', '[{"image": "9.png", "caption": "x"}]',
           says('No sample|9.png')),
    shards('none.json', '[]', says('empty|list')),
    Row('shards_right', 'make_shards {pairs} --out shards --size 2', works(
        lambda r: len(list((r.folder / 'shards').iterdir())) == 2)),
    Row('shards_size_0', 'make_shards {pairs} --out shards --size 0',
        says('size')),
    Row('shards_size_word', 'make_shards {pairs} --out shards --size big',
        usage('invalid int')),
    Row('shards_out_full', 'make_shards {pairs} --out {photos}',
        says('photos')),
    Row('shards_out_a_file', 'make_shards {pairs} --out {text_file}',
        says('note.jpg')),
    Row('shards_out_not_writable', 'make_shards {pairs} --out /proc/none',
        says('/proc/none')),
    Row('shards_images', 'make_shards {pairs} --out shards --images gone',
        says('gone')),
    Row('shards_no_out', 'make_shards {pairs}', usage('--out')),
    Row('shards_words', 'make_shards {pairs} --out shards --words "; ;"',
        says('.')),
    Row('list_of_none', lambda box: read_list(None), says('None')),
]

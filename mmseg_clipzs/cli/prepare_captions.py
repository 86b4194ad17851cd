"""Add the nouns of the captions to a list of images and captions.

    clipzs prepare-captions captions.json --out with_nouns.json
    clipzs prepare-captions pairs.csv --out pairs.parquet \\
        --words "cat; dog; polar bear"

Nouns are found by NLTK's tagger or in a word list. All other entries are kept,
so --out may be the list itself; no other file is replaced. Damaged rows are
left out and named; the exit code is then 1.
"""
import os
from pathlib import Path

from mmseg_clipzs.utils import UserError, interrupted

from .arguments import add_output


def add_options(parser):
    parser.add_argument('list', help='.csv, .json, .jsonl or .parquet file')
    add_output(parser, '--out', required=True,
               help='list to write; the suffix selects its format')
    parser.add_argument(
        '--words', help='word list to use instead of the tagger: "cat; polar '
        'bear", a .txt file, or the name of a vocabulary')


def find_nouns(rows, words, out):
    """Add the nouns of the captions.

    Args:
        rows (list[dict]): Changed in place.
        words (str | None): Word list in place of the tagger.
        out (str | Path): What is not written if it is interrupted.
    """
    from tqdm import tqdm

    from mmseg_clipzs.datasets.image_text.nouns import add_nouns, noun_finder
    find = noun_finder(words)
    with interrupted(lambda: f'{out} was not written.'):
        for row in tqdm(rows, 'nouns', unit='images'):
            add_nouns(row, find)


def run(args):
    from mmseg_clipzs.datasets.image_text.lists import read_list, write_list
    from mmseg_clipzs.run.skipped import fail_if_skipped
    skipped = []
    rows = read_list(args.list, skipped)
    out, same = Path(args.out), os.path.realpath(args.out) == (
        os.path.realpath(args.list))
    if out.exists() and (skipped or not same):
        raise UserError(
            f'{out} exists and is left alone: choose another name for --out.'
            if not same else f'{skipped[0]} {out} would lose it: write to '
            'another --out.')
    find_nouns(rows, args.words, out)
    write_list(rows, out)
    counts = [len(row['nouns']) for row in rows]
    print(f'{args.out}: {len(rows)} images, {sum(counts)} nouns '
          f'({sum(counts) / max(1, len(rows)):.2f} per image), '
          f'{counts.count(0)} images without nouns')
    fail_if_skipped(skipped, len(rows), 'rows', out)

"""Pack a list of images and captions into WebDataset shards.

    clipzs make-shards captions.json --out data/shards --nouns
    clipzs make-shards pairs.csv --images photos --out data/shards \\
        --words "cat; dog; polar bear"

Image files are copied unchanged. Unreadable images and images without a
caption are skipped and named; the exit code is then 1. Nouns in the list are
packed as well; add missing ones with --nouns (NLTK's tagger) or --words (a
word list).
"""
from functools import partial
from pathlib import Path

from .arguments import add_output
from .prepare_captions import find_nouns


def add_options(parser):
    parser.add_argument('list', help='.csv, .json, .jsonl or .parquet file')
    parser.add_argument(
        '--images', metavar='FOLDER',
        help="root of the images' paths (default: the list's folder)")
    add_output(parser, '--out', folder=True, required=True,
               help='folder to create')
    parser.add_argument('--size', type=int, default=1000,
                        help='samples per shard')
    parser.add_argument('--nouns', action='store_true',
                        help="add nouns with NLTK's tagger")
    parser.add_argument(
        '--words', help='add the nouns in a word list: "cat; polar bear", a '
        '.txt file, or the name of a vocabulary')


def run(args):
    from tqdm import tqdm

    from mmseg_clipzs.datasets.image_text.lists import read_list
    from mmseg_clipzs.datasets.image_text.shard_files import write_shards
    from mmseg_clipzs.run.skipped import fail_if_skipped
    skipped = []
    rows = read_list(args.list, skipped)
    if args.nouns or args.words:
        find_nouns(rows, args.words, args.out)
    packed, unreadable = write_shards(
        rows, args.images or Path(args.list).parent, args.out, args.size,
        partial(tqdm, desc='packing', unit='images'))
    print(f'{args.out}: {packed} images in {-(-packed // args.size)} shards, '
          f'{len(skipped) + len(unreadable)} skipped')
    fail_if_skipped(skipped + unreadable, packed, 'rows', args.out)

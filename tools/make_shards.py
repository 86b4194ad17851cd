"""Pack a list of images and captions into WebDataset shards.

    python tools/make_shards.py captions.json --out data/shards --nouns
    python tools/make_shards.py pairs.csv --images photos --out data/shards \\
        --words "cat; dog; polar bear"

Images are copied as they are. Unreadable ones and those without a caption
are left out and named. Nouns are packed where the list has them; --nouns
adds them by NLTK's tagger, --words by a list.
"""
import argparse
from pathlib import Path

from tqdm import tqdm

from mmseg_clipzs.datasets.image_text.lists import read_list
from mmseg_clipzs.datasets.image_text.nouns import add_nouns, noun_finder
from mmseg_clipzs.datasets.image_text.shard_files import write_shards
from mmseg_clipzs.utils import run_tool


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('list', help='.csv, .json, .jsonl or .parquet')
    parser.add_argument('--images', help="what the images' paths are below "
                        "(default: the list's folder)")
    parser.add_argument('--out', required=True, help='folder to create')
    parser.add_argument('--size', type=int, default=1000,
                        help='samples in a shard (default: 1000)')
    parser.add_argument('--nouns', action='store_true',
                        help="add nouns by NLTK's tagger")
    parser.add_argument(
        '--words', help='add nouns by a list: "cat; polar bear", a .txt file '
        'or the name of one')
    return parser.parse_args()


def main():
    args = parse_args()
    rows = read_list(args.list)
    if args.nouns or args.words:
        find = noun_finder(args.words)
        for row in tqdm(rows, 'nouns', unit='images'):
            add_nouns(row, find)
    images = args.images or Path(args.list).parent
    packed, skipped = write_shards(
        tqdm(rows, 'packing', unit='images'), images, args.out, args.size)
    for reason in skipped:
        print(f'left out: {reason}')
    print(f'{args.out}: {packed} images in {-(-packed // args.size)} shards, '
          f'{len(skipped)} left out')


if __name__ == '__main__':
    run_tool(main)

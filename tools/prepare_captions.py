"""Add the nouns of the captions to a list of images and captions.

    python tools/prepare_captions.py captions.json --out with_nouns.json
    python tools/prepare_captions.py pairs.csv --out pairs.parquet \\
        --words "cat; dog; polar bear"

Nouns are found by NLTK's tagger or in a word list.
"""
import _start  # noqa: F401, I001  first: Ctrl-C ends the other imports

from tqdm import tqdm

from mmseg_clipzs.datasets.image_text.lists import read_list, write_list
from mmseg_clipzs.datasets.image_text.nouns import add_nouns, noun_finder
from mmseg_clipzs.run.arguments import make_parser
from mmseg_clipzs.utils import run_tool


def parse_args():
    parser = make_parser(__doc__)
    parser.add_argument('list', help='.csv, .json, .jsonl or .parquet file')
    parser.add_argument('--out', required=True,
                        help='list to write; the suffix selects its format')
    parser.add_argument(
        '--words', help='word list to use instead of the tagger: "cat; polar '
        'bear", a .txt file, or the name of a vocabulary')
    return parser.parse_args()


def main():
    args = parse_args()
    find = noun_finder(args.words)
    rows = read_list(args.list)
    for row in tqdm(rows, 'nouns', unit='images'):
        add_nouns(row, find)
    write_list(rows, args.out)
    counts = [len(row['nouns']) for row in rows]
    print(f'{args.out}: {len(rows)} images, {sum(counts)} nouns '
          f'({sum(counts) / max(1, len(rows)):.2f} per image), '
          f'{counts.count(0)} images without nouns')


if __name__ == '__main__':
    run_tool(main)

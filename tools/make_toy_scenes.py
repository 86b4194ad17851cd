"""Generate the toy dataset: images, masks, splits and captions in VOC layout.

    python tools/make_toy_scenes.py --out data/toy
"""
import _start  # noqa: F401, I001  first: Ctrl-C ends the other imports

from tqdm import tqdm

from mmseg_clipzs.run.arguments import add_output, make_parser
from mmseg_clipzs.toy.voc_layout import write_voc
from mmseg_clipzs.utils import run_tool


def parse_args():
    parser = make_parser(__doc__)
    add_output(parser, '--out', folder=True, default='data/toy',
               help='folder to create')
    parser.add_argument('--train', type=int, default=600,
                        help='number of training scenes')
    parser.add_argument('--val', type=int, default=100,
                        help='number of validation scenes')
    parser.add_argument('--size', type=int, default=128,
                        help='side of the images in pixels')
    parser.add_argument('--seed', type=int, default=1, help='random seed')
    parser.add_argument('--varied', action='store_true',
                        help='also draw close-ups and bare grounds')
    return parser.parse_args()


def main():
    args = parse_args()
    written = write_voc(args.out, args.train, args.val, args.size, args.seed,
                        tqdm, args.varied)
    print(f'{args.out}: '
          f'{"written" if written else "already exists, left unchanged"}')


if __name__ == '__main__':
    run_tool(main)

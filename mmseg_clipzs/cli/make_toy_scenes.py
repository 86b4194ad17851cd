"""Generate the toy dataset: images, masks, splits and captions in VOC layout.

    clipzs make-toy-scenes --out data/toy
"""
from .arguments import add_output


def add_options(parser):
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


def run(args):
    from tqdm import tqdm

    from mmseg_clipzs.toy.voc_layout import write_voc
    written = write_voc(args.out, args.train, args.val, args.size, args.seed,
                        tqdm, args.varied)
    print(f'{args.out}: '
          f'{"written" if written else "already exists, left unchanged"}')

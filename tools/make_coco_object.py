"""Convert COCO's instance annotations to COCO-Object masks.

    python tools/make_coco_object.py instances_val2017.json \\
        --out data/coco_object/annotations/val2017

Not needed if COCO-Stuff's masks are available: configs/*_coco_object.py read
those.
"""
import _start  # noqa: F401, I001  first: Ctrl-C ends the other imports

from tqdm import tqdm

from mmseg_clipzs.datasets.coco_object_dataset import write_masks
from mmseg_clipzs.run.arguments import add_output, make_parser
from mmseg_clipzs.utils import run_tool


def parse_args():
    parser = make_parser(__doc__)
    parser.add_argument('instances', help='instances_val2017.json')
    add_output(
        parser, '--out', folder=True,
        default='data/coco_object/annotations/val2017',
        help='folder for the masks')
    return parser.parse_args()


def main():
    args = parse_args()
    count = write_masks(args.instances, args.out, tqdm)
    print(f'{args.out}: {count} masks')


if __name__ == '__main__':
    run_tool(main)

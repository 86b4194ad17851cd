"""Convert COCO's instance annotations to COCO-Object masks.

    clipzs make-coco-object instances_val2017.json \\
        --out data/coco_object/annotations/val2017

Not needed if COCO-Stuff's masks are available: configs/*_coco_object.py read
those.
"""
from .arguments import add_output


def add_options(parser):
    parser.add_argument('instances', help='instances_val2017.json')
    add_output(
        parser, '--out', folder=True,
        default='data/coco_object/annotations/val2017',
        help='folder for the masks')


def run(args):
    from tqdm import tqdm

    from mmseg_clipzs.datasets.coco_object_dataset import write_masks
    count = write_masks(args.instances, args.out, tqdm)
    print(f'{args.out}: {count} masks')

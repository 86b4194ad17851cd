"""Export a trained MaskCLIP+ student as a stock mmseg model.

    python tools/export_student.py configs/maskclip_plus_toy.py \\
        work_dirs/maskclip_plus_toy/iter_1200.pth --out exported

Writes exported/student.py and exported/student.pth, which MMSegmentation loads
without this package.
"""
import _start  # noqa: F401, I001  first: Ctrl-C ends the other imports

from mmseg_clipzs.export import export_student
from mmseg_clipzs.run.arguments import add_output, make_parser
from mmseg_clipzs.run.configs import load_config
from mmseg_clipzs.utils import run_tool


def parse_args():
    parser = make_parser(__doc__)
    parser.add_argument('config', help='training config, or its name')
    parser.add_argument('checkpoint', help='checkpoint of the training')
    add_output(parser, '--out', folder=True, default='exported',
               help='output folder')
    return parser.parse_args()


def main():
    args = parse_args()
    cfg = load_config(args.config)
    config, weights = export_student(cfg, args.checkpoint, args.out)
    print(f'Wrote {config} and {weights}.')
    print(f'Segment images: python tools/segment.py PHOTO --config {config} '
          f'--checkpoint {weights}')
    if cfg.get('test_dataloader'):
        print(f'Test it: python tools/test.py {config} {weights}')


if __name__ == '__main__':
    run_tool(main)

"""Export a trained MaskCLIP+ student as a stock mmseg model.

    clipzs export-student configs/maskclip_plus_toy.py \\
        work_dirs/maskclip_plus_toy/iter_1200.pth --out exported

Writes exported/student.py and exported/student.pth, which MMSegmentation loads
without this package.
"""
from .arguments import add_output


def add_options(parser):
    parser.add_argument('config', help='training config, or its name')
    parser.add_argument('checkpoint', help='checkpoint of the training')
    add_output(parser, '--out', folder=True, default='exported',
               help='output folder')


def run(args):
    from mmseg_clipzs.export import export_student
    from mmseg_clipzs.run.configs import load_config
    cfg = load_config(args.config)
    config, weights = export_student(cfg, args.checkpoint, args.out)
    print(f'Wrote {config} and {weights}.')
    print(f'Segment images: clipzs segment PHOTO --config {config} '
          f'--checkpoint {weights}')
    if cfg.get('test_dataloader'):
        print(f'Test it: clipzs test {config} {weights}')

"""Export float16 weights from a training checkpoint.

    clipzs export-weights work_dirs/NAME/iter_400.pth \\
        --out groupvit.safetensors

The file has the model's weights only, without optimizer or training state.
Use it as ``model.weights`` in a config.
"""
from pathlib import Path

from mmseg_clipzs.utils import (
    MARK,
    UserError,
    atomic_write,
    check_replaceable,
)

from .arguments import add_output


def add_options(parser):
    parser.add_argument('checkpoint',
                        help='checkpoint written by clipzs train')
    add_output(parser, '--out', required=True,
               help='.safetensors file to write')


def check(args, parser):
    if Path(args.out).suffix != '.safetensors':
        raise UserError(
            f'--out must be a .safetensors file, but got {args.out}.')
    check_replaceable(args.out)


def run(args):
    from safetensors.torch import save_file

    from mmseg_clipzs.checkpoints import read_state_dict
    state = read_state_dict(Path(args.checkpoint))[0]
    weights = {
        key: (value.half() if value.is_floating_point() else value
              ).contiguous()
        for key, value in state.items()}
    with atomic_write(args.out) as temporary:
        save_file(weights, temporary,
                  metadata=dict(format='pt', software=MARK))
    print(f'{args.out}: {len(weights)} tensors, '
          f'{Path(args.out).stat().st_size / 1e6:.1f} MB')

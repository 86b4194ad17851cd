"""Export float16 weights from a training checkpoint.

    python tools/export_weights.py work_dirs/NAME/iter_400.pth \\
        --out groupvit.safetensors

The file has the model's weights only, without optimizer or training state.
Use it as ``model.weights`` in a config.
"""
import _start  # noqa: F401, I001  first: Ctrl-C ends the other imports

from pathlib import Path

from safetensors.torch import save_file

from mmseg_clipzs.clip.files import read_state_dict
from mmseg_clipzs.run.arguments import add_output, make_parser
from mmseg_clipzs.utils import (
    MARK,
    UserError,
    atomic_write,
    check_replaceable,
    run_tool,
)


def parse_args():
    parser = make_parser(__doc__)
    parser.add_argument('checkpoint',
                        help='checkpoint written by tools/train.py')
    add_output(parser, '--out', required=True,
               help='.safetensors file to write')
    return parser.parse_args()


def main():
    args = parse_args()
    if Path(args.out).suffix != '.safetensors':
        raise UserError(
            f'--out must be a .safetensors file, but got {args.out}.')
    check_replaceable(args.out)
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


if __name__ == '__main__':
    run_tool(main)

"""Make weights of half the size from a training checkpoint.

    python tools/export_weights.py work_dirs/NAME/iter_400.pth \\
        --out groupvit.safetensors

The file holds the model's float16 weights and nothing else; a config takes it
as ``model.weights``.
"""
import argparse
from pathlib import Path

from safetensors.torch import save_file

from mmseg_clipzs.clip.files import read_state_dict
from mmseg_clipzs.utils import UserError, atomic_write, run_tool


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('checkpoint', help='written by tools/train.py')
    parser.add_argument('--out', required=True, help='.safetensors to write')
    return parser.parse_args()


def main():
    args = parse_args()
    if Path(args.out).suffix != '.safetensors':
        raise UserError(f'--out is a .safetensors file, but got {args.out}.')
    state = read_state_dict(Path(args.checkpoint))[0]
    weights = {
        key: (value.half() if value.is_floating_point() else value
              ).contiguous()
        for key, value in state.items()}
    with atomic_write(args.out) as temporary:
        save_file(weights, temporary, metadata=dict(format='pt'))
    print(f'{args.out}: {len(weights)} entries, '
          f'{Path(args.out).stat().st_size / 1e6:.1f} MB')


if __name__ == '__main__':
    run_tool(main)

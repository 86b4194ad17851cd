"""Check this installation, and weights.

    python tools/doctor.py
    python tools/doctor.py --clip ViT-B-16:ViT-B-16.pt
    python tools/doctor.py --checkpoint work_dirs/mine/iter_2000.pth

Prints a table: versions, devices and their dtypes, optional packages, weights.
OpenAI's ViT-B-16 is compared with published text embeddings. Works without a
network. Exits with 1 if something is wrong.
"""
import sys

from prettytable import PrettyTable

try:
    from mmseg_clipzs.doctor import examine
    from mmseg_clipzs.run.arguments import make_parser
    from mmseg_clipzs.utils import run_tool
except ImportError as e:  # a library that is missing or of another version
    sys.exit(f'error: {e}')


def parse_args():
    parser = make_parser(__doc__)
    parser.add_argument(
        '--clip', nargs='+', default=[], metavar='MODEL:FILE',
        help='weights of CLIPs, e.g. ViT-B-16:ViT-B-16.pt')
    parser.add_argument(
        '--checkpoint', nargs='+', default=[], metavar='FILE',
        help='checkpoints of trained models')
    return parser.parse_args()


def main():
    args = parse_args()
    table = PrettyTable(['checked', '', 'found'], align='l')
    table.max_width['found'] = 76
    table.max_width['checked'] = 40
    findings = list(examine(args.clip, args.checkpoint))
    table.add_rows([[each.checked, each.verdict, each.found]
                    for each in findings])
    print(table)
    wrong = sum(each.verdict == 'WRONG' for each in findings)
    print(f'{wrong} of {len(findings)} checks found something wrong.')
    sys.exit(bool(wrong))


if __name__ == '__main__':
    run_tool(main)

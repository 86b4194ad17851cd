"""Check this installation, and weights.

    clipzs doctor
    clipzs doctor --clip ViT-B-16:ViT-B-16.pt
    clipzs doctor --checkpoint work_dirs/mine/iter_2000.pth

Prints a table: versions, devices and their dtypes, optional packages, weights.
OpenAI's ViT-B-16 is compared with published text embeddings. Works without a
network. Exits with 1 if something is wrong.
"""
import sys


def add_options(parser):
    parser.add_argument(
        '--clip', nargs='+', default=[], metavar='MODEL:FILE',
        help='weights of CLIPs, e.g. ViT-B-16:ViT-B-16.pt')
    parser.add_argument(
        '--checkpoint', nargs='+', default=[], metavar='FILE',
        help='checkpoints of trained models')


def run(args):
    from prettytable import PrettyTable

    from mmseg_clipzs.doctor import examine
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

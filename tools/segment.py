"""Segment photos with words.

    python tools/segment.py cat.jpg --classes "cat; grass, lawn; sky" --out out

";" separates classes, "," synonyms. For each photo NAME_overlay.png (with a
legend) and NAME_mask.png (class indices) are written.
"""
import argparse

from mmengine.config import DictAction
from tqdm import tqdm

from mmseg_clipzs.apis import ZeroShotInferencer
from mmseg_clipzs.utils import run_tool


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('photos', nargs='+', help='files or folders')
    parser.add_argument(
        '--classes', required=True,
        help='the words; or a .txt file, or a list that comes along (voc20)')
    parser.add_argument('--out', default='out', help='folder for the results')
    parser.add_argument(
        '--heatmaps', action='store_true', help='a heat map for each class')
    parser.add_argument(
        '--groups', action='store_true',
        help='NAME_groups.png: groups of each stage (GroupViT)')
    parser.add_argument(
        '--background', type=float, metavar='P',
        help='pixels whose best word has a probability below P (0 to 1)\n'
        'become "background"')
    parser.add_argument(
        '--config', default='maskclip_voc',
        help='whose model to use; maskclip_toy needs no download')
    parser.add_argument('--checkpoint', help='for models that need one')
    parser.add_argument(
        '--clip', metavar='MODEL[:WEIGHTS]',
        help='another CLIP, e.g. ViT-L-14 or ViT-L-14:weights.pt')
    parser.add_argument('--device', help='cpu, cuda:0, ...')
    parser.add_argument('--batch-size', type=int, default=1)
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction, default={},
        help='override settings of the config')
    return parser.parse_args()


def main():
    args = parse_args()
    options = dict(args.cfg_options)
    if args.background is not None:
        options['model.background_threshold'] = args.background
    if args.clip:
        model, _, weights = args.clip.partition(':')
        options['model.clip.model'] = model
        if weights:
            options['model.clip.pretrained'] = weights
    inferencer = ZeroShotInferencer(
        args.config, args.checkpoint, args.device, options, args.classes,
        args.groups)
    for result in inferencer.stream(
            args.photos, out_dir=args.out, heatmaps=args.heatmaps,
            batch_size=args.batch_size):
        shares = sorted(
            (((result.mask == i).mean(), name)
             for i, name in enumerate(result.classes)), reverse=True)
        said = ', '.join(
            f'{name} {share:.0%}' for share, name in shares[:3] if share)
        tqdm.write(f'{args.out}/{result.name}_overlay.png: {said}')


if __name__ == '__main__':
    run_tool(main)

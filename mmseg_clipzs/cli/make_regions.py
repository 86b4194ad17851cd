"""Find regions of photos once, for regions=dict(type="RegionFiles").

    clipzs make-regions photos/ --out photos_regions
    clipzs make-regions photos/ --out masks --provider Sam2Regions \\
        --options weights=facebook/sam2.1-hiera-tiny points_per_side=16

Networks get the photos at their full size. Maps that are there are kept. The
map of photos/pets/cat.jpg is photos_regions/pets/cat.png.
"""
from .arguments import add_arguments, add_output
from .config_options import ConfigOptions


def add_options(parser):
    parser.add_argument('photos', help='folder of photos, or a photo')
    add_output(parser, '--out', folder=True, required=True,
               help='folder for the maps of regions')
    parser.add_argument(
        '--provider', default='Felzenszwalb', metavar='NAME',
        help='what finds regions: Felzenszwalb, Slic, Sam2Regions, '
        'Mask2FormerRegions or EomtRegions')
    parser.add_argument(
        '--options', nargs='+', action=ConfigOptions, default={},
        metavar='KEY=VALUE', help='arguments of the provider')
    add_arguments(parser, 'device')


def run(args):
    from tqdm import tqdm

    from mmseg_clipzs.apis.region_maps import make_regions
    from mmseg_clipzs.run.skipped import fail_if_skipped
    written, kept, skipped = make_regions(
        args.photos, args.out, {**args.options, 'type': args.provider},
        args.device, tqdm)
    print(f'{args.out}: {written} maps written, {kept} kept')
    fail_if_skipped(skipped, written + kept, 'photos', args.out)

"""What a command of the documentation needs that does not come along."""
import re

from mmseg_clipzs.run.configs import list_configs

# How the lines "*Needs: ...*" of the pages call it.
WORDS = dict(weights='weights', data='data|Pascal|COCO|Cityscapes|ADE20K',
             captions='captions', Slurm='Slurm')
# Commands that evaluate or train on a config's data.
_ON_DATA = ('test', 'train', 'leaderboard', 'corruptions', 'check-data')
_CAPTIONS = ('make-shards', 'prepare-captions', 'make-coco-object')
_TOY_CLIP = ('toy-vit-p8', )


def configs_of(args):
    """list[str]: Configs that a command names."""
    named = []
    for key in ('config', 'configs', 'beside', 'against'):
        value = getattr(args, key, None)
        named += value if isinstance(value, list) else [value]
    for method in getattr(args, 'methods', None) or ():
        named += [f'{method}_{dataset}' for dataset in args.datasets or ()]
    return [str(each) for each in named if each]


def needs(command, args):
    """What a command needs.

    Args:
        command (str): Its name.
        args (Namespace): Its arguments.

    Returns:
        set[str]: Some of ``WORDS``: weights of a network that are downloaded
        or named, images with labels, captions, Slurm.
    """
    found = set()
    if getattr(args, 'launcher', '') == 'slurm':
        found.add('Slurm')
    if command in _CAPTIONS:
        found.add('data' if command == 'make-coco-object' else 'captions')
    if command == 'make-regions':
        found.add('weights')
    clips = getattr(args, 'clip', None) or ()
    clips = [clips] if isinstance(clips, str) else clips
    is_toy = bool(clips) and all(map(_is_toy_clip, clips))
    if command == 'doctor' and clips:
        found.add('weights')
    for config in configs_of(args):
        name = re.sub(r'.*/|\.py.*|:.*', '', config)
        if name.endswith('_toy') or name == 'own_student':
            continue
        if name not in list_configs() and 'examples/' not in config:
            continue  # the reader's own
        if command in _ON_DATA and not getattr(args, 'photos', None):
            found.add('captions' if 'pretrain' in name else 'data')
        if command != 'check-data' and not is_toy and not getattr(
                args, 'random', False):
            found.add('weights')
    return found


def _is_toy_clip(clip):
    return clip.partition(':')[0] in _TOY_CLIP

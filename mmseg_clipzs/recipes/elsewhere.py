"""What the methods with help from elsewhere need, and its licences."""
from .cells import base_model
from .markdown import NONE, table
from .methods import METHODS

# Models that transformers runs.
_FOREIGN = ('sam3', 'tipsv2')
# Weights, as configs name them -> network, in headers of configs.
_DINO = 'vit_base_patch{}_224:dino'
_NAMES = {
    _DINO.format(8): 'DINO B/8',
    _DINO.format(16): 'DINO B/16',
    'samvit_base_patch16:sa1b': 'SAM B\'s encoder',
    'facebook/sam2.1-hiera-large': 'SAM 2 L',
}
# Provider of regions -> its weights by default.
REGIONS = {
    'Sam2Regions': 'facebook/sam2.1-hiera-large',
    'Mask2FormerRegions': 'facebook/mask2former-swin-large-coco-panoptic',
    'EomtRegions': 'tue-mps/coco_panoptic_eomt_large_640',
}
_TIMM = 'timm\'s entry of the tag; hub: timm/{}'
# Network, weights, licence, where it was found.
LICENCES = (
    ('DINO', '`vit_base_patch8_224:dino` and the other sizes', 'Apache-2.0',
     _TIMM.format('vit_base_patch8_224.dino')),
    ('DINOv2 with registers', '`vit_base_patch14_reg4_dinov2:lvd142m`',
     'Apache-2.0', _TIMM.format('vit_base_patch14_reg4_dinov2.lvd142m')),
    ('DINOv3', '`vit_base_patch16_dinov3:lvd1689m`',
     'DINOv3 License, Meta\'s own; Meta\'s copies (facebook/dinov3-...) are '
     'gated, no gate was seen at timm\'s',
     _TIMM.format('vit_base_patch16_dinov3.lvd1689m')),
    ('SAM\'s encoder', '`samvit_base_patch16:sa1b`', 'Apache-2.0',
     _TIMM.format('samvit_base_patch16.sa1b')),
    ('C-RADIOv3', '`vit_base_patch16_radio_v3:c_radio`',
     'NVIDIA Open Model License', _TIMM.format(
         'vit_base_patch16_radio_v3.c_radio')),
    ('SAM 2', f'`{REGIONS["Sam2Regions"]}`', 'Apache-2.0',
     'README of facebookresearch/sam2'),
    ('Mask2Former', f'`{REGIONS["Mask2FormerRegions"]}`',
     'CC BY-NC 4.0 (the hub says "other")',
     'MODEL_ZOO of facebookresearch/Mask2Former'),
    ('EoMT', f'`{REGIONS["EomtRegions"]}`', 'MIT',
     'a copy of the model card'),
    ('TIPSv2', '`google/tipsv2-b14`', 'not found on the hub; the authors put '
     'software under Apache-2.0, all other materials under CC BY 4.0',
     'README of google-deepmind/tips'),
    ('SAM 3', '`facebook/sam3`', 'SAM License, Meta\'s own; **gated**',
     'hub: facebook/sam3'),
)


def weights_of(method):
    """Weights that a method's configs download.

    Args:
        method (str): Key of ``METHODS``.

    Returns:
        tuple: CLIP's as ``--clip`` takes them or None, those of second
        networks, and what finds its regions or None.
    """
    model = dict(base_model(method))
    clip = model.pop('clip', None)
    return (clip and _pair(clip), tuple(_pairs(model)),
            model.get('regions', {}).get('type'))


def _pair(network):
    return f'{network["model"]}:{network["pretrained"]}'


def _pairs(value):
    """Yields: str: Each network in a model."""
    if isinstance(value, dict):
        if 'pretrained' in value:
            yield _pair(value)
        for each in value.values():
            yield from _pairs(each)


def describe_help(method):
    """str: 'metaclip_fullcc, DINO B/8 and SAM 2 L'; '' for CLIP alone."""
    clip, networks, regions = weights_of(method)
    names = [_NAMES[each] for each in (*networks, REGIONS.get(regions))
             if each]
    if not names:
        return ''
    tag = clip.split(':')[1]
    *first, last = names if tag == 'openai' else [tag, *names]
    return ' and '.join(filter(None, (', '.join(first), last)))


def needs():
    """What the configs of each method need."""
    rows = []
    for method, entry in METHODS.items():
        clip, networks, regions = weights_of(method)
        extra = ('[foreign]' if method in _FOREIGN else
                 '[masks]' if regions else None)
        if not (networks or extra):
            continue
        toy = f'{method}_toy' if 'toy' in entry['cells'] else None
        only_toy = list(entry['cells']) == ['toy']
        rows.append([
            f'`{toy if only_toy else method + "_*"}`',
            'the toy CLIP' if only_toy else _code(
                clip or entry['model']['weights']),
            _code(*networks), _code(REGIONS.get(regions, regions)),
            _code(extra), _code(toy)])
    return table(['configs', 'CLIP or model', 'second network',
                  'what finds regions', 'extra', 'offline'], rows)


def _code(*names):
    return ', '.join(f'`{name}`' for name in names if name) or NONE


def licences():
    return table(['network', 'weights', 'licence of the weights',
                  'found in'], LICENCES)

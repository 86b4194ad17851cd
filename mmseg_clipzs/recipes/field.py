"""The field in protocol B: what methods need, and their published figures."""
from .methods import BENCHMARKS

_NONE, _UNKNOWN = 'no licence file', '–'
# Title -> what it needs, which networks or masks these are, the authors'
# repository or paper, and the licence of their code.
METHODS_OF_THE_FIELD = {
    'SC-CLIP': ('clip', '', 'SuleBai/SC-CLIP', _NONE),
    'NACLIP': ('clip', '', 'sinahmr/NACLIP', 'MIT'),
    'NACLIP + FLOSS': ('clip', 'unlabelled photos to choose templates',
                       'yasserben/FLOSS', _NONE),
    'RF-CLIP': ('clip', '', 'liblacklucy/RF-CLIP', 'MIT, no code yet'),
    'CLIPer': ('clip', '', 'linsun449/cliper.code', _NONE),
    'ITACLIP': ('clip', 'texts of a language model', 'm-arda-aydn/ITACLIP',
                _NONE),
    'SFP': ('clip', '', 'Kimsure/SFP', 'MIT'),
    'DIH-CLIP': ('clip', '', 'duan-song/DiH-CLIP', _NONE),
    'PEARL': ('clip', '', 'PGSmall/PEARL', _NONE),
    'FreeCP': ('clip', '', 'arXiv 2508.00557', _UNKNOWN),
    'ResCLIP (NACLIP)': ('clip', '', 'yvhangyang/ResCLIP', _NONE),
    'ResCLIP (SCLIP)': ('clip', '', 'yvhangyang/ResCLIP', _NONE),
    'ResCLIP (ClearCLIP)': ('clip', '', 'yvhangyang/ResCLIP', _NONE),
    'CLIPer + Stable Diffusion': (
        'network', 'Stable Diffusion', 'linsun449/cliper.code', _NONE),
    'ProxyCLIP': ('network', 'DINO B/8', 'mc-lan/ProxyCLIP',
                  'S-Lab 1.0, non-commercial'),
    'LPOSS': ('network', 'DINO B/16', 'vladan-stojnic/LPOSS', 'MIT'),
    'CASS': ('network', 'DINO B/8', 'MICV-yonsei/CASS', _NONE),
    'Trident': ('network', 'DINO B/16, SAM B', 'YuHengsss/Trident',
                'Apache-2.0'),
    'CorrCLIP': ('masks', 'DINO B/8, masks of SAM 2 L', 'zdk258/CorrCLIP',
                 _NONE),
    'CorrCLIP (Mask2Former)': (
        'masks', 'DINO B/8, masks of a Mask2Former trained on COCO',
        'zdk258/CorrCLIP', _NONE),
    'CorrCLIP (EoMT)': ('masks', 'DINO B/8, masks of an EoMT trained on COCO',
                        'zdk258/CorrCLIP', _NONE),
    'CorrCLIP (EntitySeg)': (
        'masks', 'DINO B/8, masks of EntitySeg, trained with labels',
        'zdk258/CorrCLIP', _NONE),
    'CorrCLIPv2': (
        'masks', 'RADIOv3 L, masks of EntitySeg, a bank of regions of COCO',
        'zdk258/CorrCLIP', _NONE),
    'OV-Stitcher': ('masks', 'masks of SAM 2', 'atw617/OV-Stitcher',
                    'no code yet'),
    'ReME': ('masks', 'a set of images with masks to look up', _UNKNOWN,
             _UNKNOWN),
    'CLIP-DINOiser': ('trained', 'a layer trained with DINO',
                      'wysoczanska/clip_dinoiser', 'Apache-2.0'),
    'Talk2DINO': ('trained', 'DINOv2 B/14, a trained projection', _UNKNOWN,
                  _NONE),
    'TIPSv2': ('trained', 'its own weights', 'google-deepmind/tips',
               'Apache-2.0'),
    'SAM 3': ('trained', 'SAM 3, gated weights', 'facebook/sam3 of the hub',
              'SAM License'),
    'ConceptBank': ('trained', 'SAM 3 and masks of the classes: not zero-shot '
                    'in its authors\' own words', _UNKNOWN, _NONE),
}


_B16, _L14, _H14 = 'ViT-B-16', 'ViT-L-14', 'ViT-H-14'
_METACLIP, _LAION = 'metaclip_fullcc', 'laion2b_s34b_b88k'
_PICTURE = 'read from a picture of a table'
_DECODER = 'may include SAM\'s mask decoder, which is not here'
_LINE = 'tables of the SCLIP line\'s papers'


def _b(source, *rows, **more):
    """dict: Rows of the eight data sets, in the order of ``BENCHMARKS``."""
    return dict(protocol='B (SCLIP line)', source=source, datasets=BENCHMARKS,
                rows=rows, **more)


def _pictured(source, *rows, **more):
    return _b(source, *rows, remark=_PICTURE, **more)


# voc21, context60, coco_object, voc, context, coco_stuff, cityscapes, ade20k
PROTOCOL_B = [
    _b(_LINE,
       ('CLIP',     _B16, 16.2, 7.7, 5.5, 41.8, 9.2, 4.4, 5.5, 2.1),
       ('MaskCLIP', _B16, 43.4, 23.2, 20.6, 74.9, 26.4, 16.7, 24.9, 11.9),
       ('GroupViT', None, 50.4, 18.7, 27.5, 79.7, 23.4, 15.3, 11.1, 9.2),
       ('SCLIP',    _B16, 59.6, 31.7, 33.5, 81.5, 34.5, 22.8, 32.3, 16.5),
       ('GEM',      _B16, 46.2, 32.6, None, 79.9, 35.9, 23.7, 30.8, 15.7),
       ('NACLIP',   _B16, 58.9, 32.2, 33.2, 79.7, 35.2, 23.3, 35.5, 17.4),
       ('NACLIP + PAMR',
        _B16, 64.1, 35.0, 36.2, 83.0, 38.4, 25.7, 38.3, 19.1),
       ('SC-CLIP',  _B16, 64.6, 36.8, 37.7, 84.3, 40.1, 26.6, 41.0, 20.1)),
    # ---------------------------------------------------------- CLIP alone
    _pictured(
        'SuleBai/SC-CLIP',
        ('SC-CLIP', _L14, 65.0, 36.9, 40.5, 88.3, 40.6, 26.9, 41.3, 21.7)),
    _pictured(
        'liblacklucy/RF-CLIP',
        ('RF-CLIP', _B16, 67.2, 37.9, 39.1, 87.0, 41.4, 27.5, 43.0, 21.0)),
    _b('linsun449/cliper.code',
       ('CLIPer', _B16, 62.1, 35.7, 37.5, 85.0, 39.6, 26.4, 38.3, 20.6),
       ('CLIPer + Stable Diffusion',
        _B16, 66.5, 38.3, 40.0, 86.0, 42.4, 28.6, 38.7, 22.0),
       ('CLIPer + Stable Diffusion',
        _L14, 72.2, 39.5, 44.7, 89.8, 44.6, 30.4, 42.5, 25.0)),
    _b('m-arda-aydn/ITACLIP',
       ('ITACLIP', _B16, 67.9, 37.5, 37.7, None, None, 27.0, 40.2, None)),
    _pictured(
        'Kimsure/SFP',
        ('SFP', _B16, 63.9, 37.2, 37.9, 84.5, 39.9, 26.4, 41.1, 20.8)),
    _pictured(
        'duan-song/DiH-CLIP',
        ('DIH-CLIP', _B16, 64.2, 36.0, 37.4, 84.9, 39.7, 26.7, 40.2, 19.6)),
    _pictured(
        'PGSmall/PEARL',
        ('PEARL', _B16, 64.1, 35.1, 37.3, 86.9, 38.6, 26.3, 37.6, 19.4)),
    _pictured(
        'arXiv 2508.00557',
        ('FreeCP', _B16, 65.8, 35.3, 37.2, 84.3, 38.0, 24.9, 33.3, 18.4)),
    _pictured(
        'yvhangyang/ResCLIP',
        ('ResCLIP (NACLIP)',
         _B16, 61.1, 33.5, 35.0, 86.0, 36.8, 24.7, 35.9, 18.0),
        ('ResCLIP (SCLIP)',
         _B16, 60.7, 32.9, 34.3, 84.6, 35.8, 23.9, 34.4, 17.6),
        ('ResCLIP (ClearCLIP)',
         _B16, 59.0, 32.9, 34.0, 87.1, 36.4, 24.3, 34.5, 17.8),
        ('ResCLIP (NACLIP)',
         _L14, 54.1, 30.9, 32.5, 85.5, 34.5, 23.4, 33.7, 18.2)),
    _b('yasserben/FLOSS',
       ('NACLIP + FLOSS',
        _B16, None, None, None, 80.2, 35.9, 23.6, 37.0, 18.4)),
    # ------------------------------------------------ CLIP and other networks
    _pictured(
        'mc-lan/ProxyCLIP',
        ('ProxyCLIP', _B16, 61.3, 35.3, 37.5, 80.3, 39.1, 26.5, 38.1, 20.2),
        ('ProxyCLIP', _L14, 60.6, 34.5, 39.2, 83.2, 37.7, 25.6, 40.1, 22.6)),
    _pictured(
        'mc-lan/ProxyCLIP',
        ('ProxyCLIP', _B16, 63.3, 37.5, 38.4, 81.0, 40.8, 28.1, 39.9, 22.5),
        weights=_METACLIP),
    _pictured(
        'mc-lan/ProxyCLIP',
        ('ProxyCLIP', _H14, 65.0, 35.4, 38.6, 83.3, 39.6, 26.8, 42.0, 24.2),
        weights='laion2b_s32b_b79k'),
    _pictured(
        'vladan-stojnic/LPOSS',
        ('LPOSS', _B16, 61.1, 34.6, 33.4, 78.8, 37.8, 25.9, 37.3, 21.8),
        weights=_LAION),
    _pictured(
        'MICV-yonsei/CASS',
        ('CASS', _B16, 65.8, 36.7, 37.8, 87.8, 40.2, 26.7, 39.4, 20.4)),
    _pictured(
        'YuHengsss/Trident',
        ('Trident', _B16, 67.1, 38.6, 41.1, 84.5, 42.2, 28.3, 42.9, 21.9),
        differs=_DECODER),
    _pictured(
        'YuHengsss/Trident',
        ('Trident', _H14, 70.8, 40.1, 42.2, 88.7, 44.3, 28.6, 47.6, 26.7),
        weights=None, differs=_DECODER),
    # --------------------------------------------------------- CLIP and masks
    _pictured(
        'zdk258/CorrCLIP',
        ('CorrCLIP', _B16, 72.2, 41.6, 40.7, 88.7, 47.1, 30.7, 44.6, 23.7)),
    _b('zdk258/CorrCLIP',
       ('CorrCLIP', _B16, 74.8, 44.2, 43.7, 88.8, 48.8, 31.6, 49.4, 26.9),
       ('CorrCLIP (Mask2Former)',
        _B16, 73.9, 43.7, 46.2, 87.8, 48.2, 33.9, 44.3, 24.6),
       ('CorrCLIP (EoMT)',
        _B16, 76.0, 45.4, 46.6, 90.6, 50.4, 34.5, 48.0, 26.7),
       ('CorrCLIP (EntitySeg)',
        _B16, 76.2, 45.7, 44.5, 89.6, 50.7, 32.4, 51.6, 28.6),
       weights=_METACLIP),
    _b('zdk258/CorrCLIP',
       ('CorrCLIP (EntitySeg)',
        _L14, 78.9, 46.8, 51.0, 92.0, 53.0, 34.9, 53.7, 32.6),
       ('CorrCLIPv2', _L14, 82.3, 51.1, 58.0, 93.2, 56.8, 39.1, 59.2, 36.5),
       weights=None),
    _b('zdk258/CorrCLIP',
       ('CorrCLIPv2', _B16, 82.2, 50.8, 54.6, 93.6, 56.3, 38.5, 58.7, 33.2),
       weights=f'{_METACLIP}, dfn2b'),
    _pictured(
        'atw617/OV-Stitcher',
        ('OV-Stitcher', _B16, 75.7, 43.9, 42.6, 89.8, 48.8, 31.8, 48.1, 24.7)),
    _pictured(
        'the table of ReME',
        ('ReME', _B16, 82.2, 44.6, 48.2, 93.2, 53.1, 33.3, 59.0, 28.2)),
    # ---------------------------------------------------------------- trained
    _pictured(
        'wysoczanska/clip_dinoiser',
        ('CLIP-DINOiser',
         _B16, 62.1, 32.4, 34.8, 80.9, 35.9, 24.6, 31.7, 20.0),
        weights=_LAION),
    _pictured(
        'the table of Talk2DINO',
        ('Talk2DINO', None, 65.8, 37.7, 45.1, 88.5, 42.4, 30.2, 38.1, 22.5)),
    {**_pictured(
        'the table of SegEarth-OV3',
        ('SAM 3', None, 79.8, 50.7, 67.6, 96.8, 58.8, 42.8, 69.7, 37.5)),
     'protocol': 'B (SegEarth-OV3)'},
    _pictured(
        'the table of ConceptBank',
        ('ConceptBank',
         None, 87.1, 56.5, 67.9, 97.4, 63.0, 46.4, 75.1, 43.3)),
]

# Measured by others than the authors of the method.
PROTOCOL_B_RERUNS = [
    _pictured(
        'PGSmall/PEARL',
        ('SFP', _B16, 56.8, 32.3, 32.1, 83.4, 36.0, 24.0, 34.1, 18.1),
        by='PEARL\'s authors'),
    _pictured(
        'atw617/OV-Stitcher',
        ('SFP', _B16, 62.9, *[None] * 7), by='OV-Stitcher\'s authors'),
    _pictured(
        'PGSmall/PEARL',
        ('CASS', _B16, 62.3, 34.0, 36.0, 87.6, 37.6, 25.4, 36.2, 18.8),
        by='PEARL\'s authors, with DINOv3 B/16'),
    _b('yasserben/FLOSS',
       ('NACLIP', _B16, None, None, None, 79.7, 35.2, 23.3, 35.5, 17.4),
       by='FLOSS\'s authors'),
    _b('yasserben/FLOSS',
       ('CLIP-DINOiser', _B16, None, None, None, 80.9, 35.9, 24.6, 31.1, 20.0),
       by='FLOSS\'s authors', weights=_LAION),
    _pictured(
        'the table of ConceptBank',
        ('SAM 3', None, 81.9, 46.1, 65.4, 88.9, 50.0, 33.3, 62.3, 31.8),
        by='ConceptBank\'s authors'),
]

"""Weights of open_clip for protocol B, and their licences."""

_OPENAI = ('not found; the code is MIT, the model card puts deployed use out '
           'of scope', 'openai/CLIP#203')
_METACLIP = ('CC BY-NC 4.0', 'facebookresearch/MetaCLIP; hub: '
             'facebook/metaclip-b16-fullcc2.5b, '
             'timm/vit_base_patch16_clip_224.metaclip_2pt5b')
_DFN = ('`apple-amlr` (Apple Machine Learning Research Model)',
        'hub: apple/DFN2B-CLIP-ViT-B-16, apple/DFN5B-CLIP-ViT-H-14')
_LAION = ('MIT', 'mlfoundations/open_clip#177; hub: laion')
_COMMON = 'CommonCrawl, {} pairs'

# (architecture, tag): training data, activation, licence, where it was found.
# The names with -quickgelu are right with every version of open_clip; of
# later ones, the tag alone tells the activation.
CLIP_WEIGHTS = {
    ('ViT-B-16', 'openai'): ('OpenAI\'s, 400 M pairs', 'QuickGELU', *_OPENAI),
    ('ViT-L-14', 'openai'): ('OpenAI\'s, 400 M pairs', 'QuickGELU', *_OPENAI),
    ('ViT-B-16-quickgelu', 'metaclip_400m'): (
        _COMMON.format('400 M'), 'QuickGELU', *_METACLIP),
    ('ViT-B-16-quickgelu', 'metaclip_fullcc'): (
        _COMMON.format('2.5 B'), 'QuickGELU', *_METACLIP),
    ('ViT-L-14-quickgelu', 'metaclip_fullcc'): (
        _COMMON.format('2.5 B'), 'QuickGELU', *_METACLIP),
    ('ViT-H-14-quickgelu', 'metaclip_fullcc'): (
        _COMMON.format('2.5 B'), 'QuickGELU', *_METACLIP),
    ('ViT-B-16-quickgelu', 'dfn2b'): ('DFN-2B', 'QuickGELU', *_DFN),
    ('ViT-L-14-quickgelu', 'dfn2b'): ('DFN-2B', 'QuickGELU', *_DFN),
    ('ViT-H-14-quickgelu', 'dfn5b'): ('DFN-5B', 'QuickGELU', *_DFN),
    ('ViT-B-16', 'laion400m_e32'): ('LAION-400M', 'GELU', *_LAION),
    ('ViT-B-16', 'laion2b_s34b_b88k'): ('LAION-2B', 'GELU', *_LAION),
    ('ViT-L-14', 'laion2b_s32b_b82k'): ('LAION-2B', 'GELU', *_LAION),
    ('ViT-H-14', 'laion2b_s32b_b79k'): ('LAION-2B', 'GELU', *_LAION),
    ('ViT-B-16', 'datacomp_xl_s13b_b90k'): (
        'DataComp-1B', 'GELU', 'MIT',
        'hub: laion/CLIP-ViT-B-16-DataComp.XL-s13B-b90K'),
}


def licence_of(clip, weights):
    """str: Licence of a CLIP's weights as in ``PUBLISHED``; '' if unknown."""
    for (name, tag), (*_, licence, _) in CLIP_WEIGHTS.items():
        if (name.removesuffix('-quickgelu'), tag) == (clip, weights):
            return licence
    return ''

"""Published mIoU with sources; our own figures are in ``measured.py``."""
from .methods import BENCHMARKS

# Collections of the metafiles: title, arXiv id, page of the docs, metafile.
PAPERS = {
    'MaskCLIP': ('Extract Free Dense Labels from CLIP', '2112.01071',
                 'docs/maskclip.md', 'maskclip'),
    'MaskCLIP+': ('Extract Free Dense Labels from CLIP', '2112.01071',
                  'docs/maskclip_plus.md', 'maskclip_plus'),
    'Grouping baselines': (
        'GroupViT: Semantic Segmentation Emerges from Text Supervision',
        '2202.11094', 'docs/grouping_baselines.md', 'grouping_baselines'),
    'GroupViT': (
        'GroupViT: Semantic Segmentation Emerges from Text Supervision',
        '2202.11094', 'docs/groupvit.md', 'groupvit'),
    'SCLIP': (
        'SCLIP: Rethinking Self-Attention for Dense Vision-Language '
        'Inference', '2312.01597', 'docs/training_free.md', 'sclip'),
    'ClearCLIP': (
        'ClearCLIP: Decomposing CLIP Representations for Dense '
        'Vision-Language Inference', '2407.12442', 'docs/training_free.md',
        'clearclip'),
    'NACLIP': (
        'Pay Attention to Your Neighbours: Training-Free Open-Vocabulary '
        'Semantic Segmentation', '2404.08181', 'docs/training_free.md',
        'naclip'),
    'GEM': (
        'Grounding Everything: Emerging Localization Properties in '
        'Vision-Language Transformers', '2312.00878',
        'docs/training_free.md', 'gem'),
    'SC-CLIP': (
        'Self-Calibrated CLIP for Training-Free Open-Vocabulary '
        'Segmentation', '2411.15869', 'docs/training_free.md',
        'scclip'),
}

_VIT = 'ViT-B-16'
_OWN = None  # not a CLIP

# Rows: title of the method with the authors' settings, CLIP, and a figure for
# each dataset; None if not published.
_TABLES = [
    dict(
        protocol='A (MaskCLIP)', source='arXiv 2112.01071',
        datasets=('voc', 'context', 'coco_stuff'),
        rows=[
            ("CLIP (authors' settings)", _VIT, None, 9.0, 4.3),
            ("MaskCLIP (authors' settings)", 'RN50', 41.5, 18.5, 10.2),
            ("MaskCLIP (authors' settings)", 'RN50x16', 50.9, 20.3, 13.6),
            ("MaskCLIP (authors' settings)", _VIT, 49.5, 21.7, 12.5),
            ("MaskCLIP + KS + PD (authors' settings)", _VIT, None, 25.5, 14.6),
            ("MaskCLIP+ (authors' settings)", 'RN50', 58.0, 23.9, 13.8),
            ("MaskCLIP+ (authors' settings)", 'RN50x16', 67.5, 25.2, 17.3),
            ("MaskCLIP+ (authors' settings)", _VIT, None, 31.1, 18.0),
        ]),
    dict(
        protocol='C (GroupViT)',
        source='the authors\' README, weights of GCC + YFCC',
        datasets=('voc21', 'context60', 'coco_object'),
        rows=[('GroupViT', _OWN, 52.3, 22.4, 24.3)]),
    dict(
        protocol='C (GroupViT)', source='arXiv 2202.11094, table 4',
        datasets=('voc21', ),
        rows=[
            ('CLIP',                       _VIT, 20.1),
            ('CLIP + K-means',             _VIT, 25.0),
            ('CLIP + mean-shift',          _VIT, 20.7),
            ('CLIP + spectral clustering', _VIT, 19.7),
        ]),
    dict(
        protocol='B (SCLIP line)',
        source='tables of the SCLIP line\'s papers',
        # voc21, context60, coco_object, voc, context, coco_stuff,
        # cityscapes, ade20k
        datasets=BENCHMARKS,
        rows=[
            ('CLIP',
             _VIT, 16.2, 7.7, 5.5, 41.8, 9.2, 4.4, 5.5, 2.1),
            ('MaskCLIP',
             _VIT, 43.4, 23.2, 20.6, 74.9, 26.4, 16.7, 24.9, 11.9),
            ('GroupViT',
             _OWN, 50.4, 18.7, 27.5, 79.7, 23.4, 15.3, 11.1, 9.2),
            ('SCLIP',
             _VIT, 59.6, 31.7, 33.5, 81.5, 34.5, 22.8, 32.3, 16.5),
            ('GEM',
             _VIT, 46.2, 32.6, None, 79.9, 35.9, 23.7, 30.8, 15.7),
            ('NACLIP',
             _VIT, 58.9, 32.2, 33.2, 79.7, 35.2, 23.3, 35.5, 17.4),
            ('NACLIP + PAMR',
             _VIT, 64.1, 35.0, 36.2, 83.0, 38.4, 25.7, 38.3, 19.1),
            ('ResCLIP (on NACLIP)',
             _VIT, 61.1, 33.5, 35.0, 86.0, 36.8, 24.7, 35.9, 18.0),
            ('SC-CLIP',
             _VIT, 64.6, 36.8, 37.7, 84.3, 40.1, 26.6, 41.0, 20.1),
            ('ProxyCLIP (with DINO)',
             _VIT, 61.3, 35.3, 37.5, 80.3, 39.1, 26.5, 38.1, 20.2),
            ('Trident (with DINO, SAM)',
             _VIT, 67.1, 38.6, 41.1, 84.5, 42.2, 28.3, 42.9, 21.9),
            ('CorrCLIP (with SAM 2)',
             _VIT, 74.8, 44.2, 43.7, 88.8, 48.8, 31.6, 49.4, 26.9),
        ]),
    dict(
        protocol='B (ClearCLIP)',
        source='tables of the SCLIP line\'s papers',
        datasets=BENCHMARKS,
        rows=[
            ('ClearCLIP',
             _VIT, 51.8, 32.6, 33.0, 80.9, 35.9, 23.9, 30.0, 16.7),
        ]),
]

# Figures of the MaskCLIP authors' repository, which says that they differ
# slightly from the paper's: method, CLIP and dataset -> source.
_REPOSITORY = 'the authors\' repository; slightly different from the paper'
_OF_THE_REPOSITORY = {
    ("MaskCLIP+ (authors' settings)", 'RN50', 'coco_stuff'): _REPOSITORY}

# Zero-shot MaskCLIP+; ``repository``: all classes, by the repository.
ZERO_SHOT = {
    dataset: dict(
        mIoU=f'{miou:.1f}', unseen=unseen, harmonic=harmonic,
        repository=repository, source='arXiv 2112.01071',
        note=f'{repository} mIoU by {_REPOSITORY}')
    for dataset, unseen, miou, harmonic, repository in (
        ('voc',        86.1, 88.1, 87.4, 87.8),
        ('context60',  66.7, 48.1, 53.3, 48.4),
        ('coco_stuff', 54.7, 39.6, 45.0, 39.7))}

# One row per figure.
PUBLISHED = [
    dict(method=method, dataset=dataset, protocol=table['protocol'],
         clip=clip, mIoU=f'{figure:.1f}', source=_OF_THE_REPOSITORY.get(
             (method, clip, dataset), table['source']))
    for table in _TABLES for method, clip, *figures in table['rows']
    for dataset, figure in zip(table['datasets'], figures, strict=True)
    if figure is not None]

"""Published mIoU with sources; our own figures are in ``measured.py``.

Rows of ``PUBLISHED`` have the title of the method with the authors' settings,
dataset, protocol, clip (architecture, None if it is no CLIP), weights (tag of
open_clip; None if they are not known, or the model's own), mIoU (percent, as
printed) and source. Two more, if any, say what to know of the figure:
``remark``, and ``differs``, that what was measured is not the method that is
here, so that the two figures do not compare.
``RERUNS`` has the same for what others measured of a method, and ``by``, who
they are.
"""
from decimal import ROUND_HALF_UP, Decimal

from .field import PROTOCOL_B, PROTOCOL_B_RERUNS
from .methods import BENCHMARKS

# Collections of the metafiles: title, arXiv id or address, page of the docs,
# metafile.
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
    'Trident': (
        'Harnessing Vision Foundation Models for High-Performance, '
        'Training-Free Open Vocabulary Segmentation', '2411.09219',
        'docs/other_networks.md', 'trident'),
    'ResCLIP': (
        'ResCLIP: Residual Attention for Training-free Dense Vision-language '
        'Inference', '2411.15851', 'docs/training_free.md', 'resclip'),
    'SFP': (
        'Feature Purification Matters: Suppressing Outlier Propagation for '
        'Training-Free Open-Vocabulary Semantic Segmentation',
        'https://openaccess.thecvf.com/content/ICCV2025/html/Jin_Feature_'
        'Purification_Matters_Suppressing_Outlier_Propagation_for_Training-'
        'Free_Open-Vocabulary_Semantic_ICCV_2025_paper.html',
        'docs/training_free.md', 'sfp'),
    'ProxyCLIP': (
        'ProxyCLIP: Proxy Attention Improves CLIP for Open-Vocabulary '
        'Segmentation', '2408.04883', 'docs/other_networks.md', 'proxyclip'),
    'CorrCLIP': (
        'CorrCLIP: Reconstructing Patch Correlations in CLIP for '
        'Open-Vocabulary Semantic Segmentation', '2411.10086',
        'docs/other_networks.md', 'corrclip'),
    'LPOSS': (
        'LPOSS: Label Propagation Over Patches and Pixels for '
        'Open-vocabulary Semantic Segmentation', '2503.19777',
        'docs/other_networks.md', 'lposs'),
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
        protocol='B (TIPSv2)', source='google-deepmind/tips',
        weights='google/tipsv2-b14', datasets=('ade20k', ),
        rows=[('TIPSv2', 'tipsv2', 17.4)]),
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


def _rows(tables):
    """list[dict]: One per figure."""
    return [
        dict(method=method, dataset=dataset, protocol=table['protocol'],
             clip=clip, weights=table.get('weights', clip and 'openai'),
             mIoU=f'{figure:.1f}', source=_OF_THE_REPOSITORY.get(
                 (method, clip, dataset), table['source']),
             **{key: table[key] for key in ('remark', 'differs', 'by')
                if key in table})
        for table in tables for method, clip, *figures in table['rows']
        for dataset, figure in zip(table['datasets'], figures, strict=True)
        if figure is not None]


PUBLISHED = _rows([*_TABLES, *PROTOCOL_B])
RERUNS = _rows(PROTOCOL_B_RERUNS)


def remarks_of(row):
    """dict[str, str]: Sign -> what to know of a figure."""
    return {sign: row[key] for sign, key in (
        ('†', 'remark'), ('‡', 'differs')) if key in row}


def marked(figure, *rows):
    """str: A figure with the signs of the rows that it is of."""
    return figure + ''.join(sorted({
        sign for row in rows for sign in remarks_of(row)}))


def legend(rows):
    """str: What the signs of the figures mean."""
    pairs = dict.fromkeys(
        pair for row in rows for pair in remarks_of(row).items())
    return ' '.join(f'{sign} {text}.' for sign, text in sorted(pairs))


def mean_figure(rows):
    """str: Mean of rows as the papers print it: one digit, halves up."""
    figures = [Decimal(row['mIoU']) for row in rows]
    return str((sum(figures) / len(figures)).quantize(
        Decimal('0.1'), ROUND_HALF_UP))

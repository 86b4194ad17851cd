"""Methods: their models, and the datasets of their configs.

Keys of an entry:
    title: ``method`` in configs and leaderboard.
    name: Name in headers, if not the title.
    base: Method that the model inherits from.
    model: The model, or its differences from the base's.
    note: First line of the base config.
    file: Name of the base config, if not the method's.
    protocol: Protocol of the base config's default settings.
    cells: Dataset -> protocol of the configs METHOD_DATASET.
    authors: Method with the authors' settings, which has their published
        figures; this one corrects them.
    corrects: What it corrects, for headers.
    paper: Key of ``published.PAPERS``, the metafile's collection.
    needs: 'network' (a second one), 'masks' or 'trained'; CLIP alone if
        missing.
    runtime: Base config of the runtime; 'default_runtime' if missing.
    remark: Last sentence of the headers.
"""
IMAGENET = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])

_VOC_CONTEXT_STUFF = dict.fromkeys(
    ('voc', 'context', 'coco_stuff'), 'maskclip')
_A = {**_VOC_CONTEXT_STUFF, 'cityscapes': 'maskclip', 'ade20k': 'maskclip'}
_A_TOY = {**_A, 'toy': 'toy'}
BENCHMARKS = ('voc21', 'context60', 'coco_object', 'voc', 'context',
              'coco_stuff', 'cityscapes', 'ade20k')


_VIT_CORRECTED = ('CLIP\'s mean and std, QuickGELU, LayerNorm eps 1e-5, 80 '
                  'prompt templates')
_RESNET_AUTHORS = ('Settings of the authors\' code: ImageNet\'s mean and std, '
                   '85 prompts.')
_RESNET_CORRECTED = 'CLIP\'s mean and std, 80 prompt templates'


def _b(protocol, toy='toy_b'):
    return {**dict.fromkeys(BENCHMARKS, protocol), 'toy': toy}


METHODS = {
    'maskclip': dict(
        title='MaskCLIP', paper='MaskCLIP', protocol='maskclip',
        cells=_A_TOY, authors='maskclip_authors', corrects=_VIT_CORRECTED,
        model=dict(
            type='ZeroShotSegmentor',
            clip=dict(model='ViT-B-16', pretrained='openai'),
            data_preprocessor=dict(type='ZeroShotDataPreProcessor'),
            backbone=dict(type='ClipViT', last_block='maskclip'),
            decode_head=dict(type='MaskClipHead'),
            prompts='imagenet80')),
    'maskclip_rn50': dict(
        title='MaskCLIP', paper='MaskCLIP', protocol='maskclip',
        cells=_VOC_CONTEXT_STUFF, base='maskclip',
        authors='maskclip_authors_rn50', corrects=_RESNET_CORRECTED,
        model=dict(
            clip=dict(model='RN50'), backbone=dict(type='ClipResNet'))),
    'maskclip_ks_pd': dict(
        title='MaskCLIP + KS + PD',
        name='MaskCLIP + key smoothing + prompt denoising',
        paper='MaskCLIP', protocol='maskclip',
        cells={**_VOC_CONTEXT_STUFF, 'toy': 'toy'}, base='maskclip',
        authors='maskclip_authors_ks_pd',
        corrects=_VIT_CORRECTED + ', the paper\'s key smoothing',
        note='Key smoothing and prompt denoising as in the paper.',
        model=dict(
            backbone=dict(out_keys='raw'),
            decode_head=dict(ks_thresh=1.0, pd_thresh=0.5))),
    'maskclip_authors': dict(
        title='MaskCLIP (authors\' settings)',
        paper='MaskCLIP', protocol='maskclip', cells=_A,
        base='maskclip',
        note='Settings of the authors\' code: GELU, eps 1e-6, ImageNet\'s '
             'mean and std, 85 prompts. CLIP was trained with others.',
        model=dict(
            data_preprocessor=IMAGENET,
            backbone=dict(quick_gelu=False, norm_eps=1e-6),
            prompts='maskclip85')),
    'maskclip_authors_rn50': dict(
        title='MaskCLIP (authors\' settings)',
        paper='MaskCLIP', protocol='maskclip', cells=_VOC_CONTEXT_STUFF,
        base='maskclip_rn50', note=_RESNET_AUTHORS,
        model=dict(data_preprocessor=IMAGENET, prompts='maskclip85')),
    'maskclip_authors_rn50x16': dict(
        title='MaskCLIP (authors\' settings)',
        paper='MaskCLIP', protocol='maskclip', cells=_VOC_CONTEXT_STUFF,
        base='maskclip_rn50', note=_RESNET_AUTHORS,
        model=dict(
            clip=dict(model='RN50x16'), data_preprocessor=IMAGENET,
            prompts='maskclip85')),
    'maskclip_authors_ks_pd': dict(
        title='MaskCLIP + KS + PD (authors\' settings)',
        name='MaskCLIP + key smoothing + prompt denoising (authors\' '
             'settings)',
        paper='MaskCLIP', protocol='maskclip', cells=_VOC_CONTEXT_STUFF,
        base='maskclip_authors',
        note='As in the authors\' code, where keys pass through the output '
             'projection and are normalised over the locations.',
        model=dict(
            backbone=dict(out_keys='projected'),
            decode_head=dict(
                ks_thresh=1.0, pd_thresh=0.5, key_norm='tokens'))),
    'clip': dict(
        title='CLIP', name='Unmodified CLIP', protocol='maskclip',
        cells=_A_TOY, base='maskclip', authors='clip_authors',
        corrects=_VIT_CORRECTED,
        note='Baseline: unmodified CLIP, patch tokens against text.',
        model=dict(backbone=dict(last_block='clip'))),
    'clip_authors': dict(
        title='CLIP (authors\' settings)',
        name='Unmodified CLIP (authors\' settings)', paper='MaskCLIP',
        protocol='maskclip', cells=_VOC_CONTEXT_STUFF,
        base='maskclip_authors',
        note='Baseline of MaskCLIP, with the settings of its authors\' code.',
        model=dict(backbone=dict(last_block='clip'))),
    'clip_rn50': dict(
        title='CLIP', name='Unmodified CLIP', protocol='maskclip',
        cells=_VOC_CONTEXT_STUFF, base='maskclip_rn50',
        note='Baseline: CLIP\'s whole attention pool, every location a '
             'query.',
        model=dict(backbone=dict(last_block='clip'))),
    # ------------------------------------------------------------ protocol B
    'clip_b': dict(
        title='CLIP', name='Unmodified CLIP', protocol='sclip_line',
        cells=_b('sclip_line'), base='maskclip_b',
        note='Baseline in protocol B: unmodified CLIP.',
        model=dict(backbone=dict(last_block='clip'))),
    'maskclip_b': dict(
        title='MaskCLIP', paper='MaskCLIP', protocol='sclip_line',
        cells=_b('sclip_line'), base='maskclip',
        note='MaskCLIP in protocol B.',
        model=dict()),
    'sclip': dict(
        title='SCLIP', paper='SCLIP', protocol='sclip', cells=_b('sclip'),
        base='maskclip_b', model=dict(backbone=dict(last_block='sclip'))),
    'gem': dict(
        title='GEM', paper='GEM', protocol='sclip_line',
        cells=_b('sclip_line'), base='maskclip_b',
        note='GEM resizes position embeddings in its own way.',
        model=dict(backbone=dict(last_block='gem', pos_embed='antialias'))),
    'cliptrase': dict(
        title='CLIPtrase (attention)', protocol='sclip_line',
        cells=_b('sclip_line'), base='maskclip_b',
        model=dict(backbone=dict(last_block='cliptrase'))),
    'clearclip': dict(
        title='ClearCLIP', paper='ClearCLIP', protocol='clearclip',
        cells=_b('clearclip'), base='maskclip_b',
        model=dict(backbone=dict(last_block='clearclip'))),
    'naclip': dict(
        title='NACLIP', paper='NACLIP', protocol='naclip',
        cells=_b('naclip'), base='maskclip_b',
        model=dict(backbone=dict(last_block='naclip'))),
    'naclip_pamr': dict(
        title='NACLIP + PAMR', paper='NACLIP', protocol='naclip',
        cells=_b('naclip'), base='maskclip_b',
        model=dict(
            backbone=dict(last_block='naclip'),
            pamr=dict(steps=10, dilations=(8, 16)))),
    'naclip_regions': dict(
        title='NACLIP + regions', paper='NACLIP', protocol='naclip',
        needs='masks', cells={'toy': 'toy_regions'}, base='maskclip_b',
        note='Each region of similar colour gets the label of most of its '
             'pixels.',
        model=dict(
            backbone=dict(last_block='naclip'),
            regions=dict(type='Felzenszwalb'))),
    'scclip': dict(
        title='SC-CLIP', paper='SC-CLIP', protocol='scclip',
        cells=_b('scclip'), base='maskclip_b',
        model=dict(backbone=dict(last_block='scclip'))),
    **{f'resclip{suffix}': dict(
        title=f'ResCLIP ({name})', paper='ResCLIP', protocol='resclip',
        cells=_b('resclip'), base='maskclip_b',
        model=dict(backbone=dict(last_block=dict(
            type='resclip', **({'base': suffix[1:]} if suffix else {})))))
       for suffix, name in (
           ('', 'NACLIP'), ('_sclip', 'SCLIP'), ('_clearclip', 'ClearCLIP'))},
    'sfp': dict(
        title='SFP', paper='SFP', protocol='sfp', cells=_b('sfp'),
        base='maskclip_b', model=dict(backbone=dict(last_block='sfp'))),
    'proxyclip': dict(
        title='ProxyCLIP', paper='ProxyCLIP', protocol='proxyclip',
        needs='network', cells=_b('proxyclip', 'toy_proxyclip'),
        base='maskclip_b', note='ProxyCLIP with DINO B/8.',
        model=dict(backbone=dict(last_block=dict(
            type='proxyclip', proxy=dict(
                model='vit_base_patch8_224', pretrained='dino'))))),
    'corrclip': dict(
        title='CorrCLIP', paper='CorrCLIP', protocol='corrclip',
        needs='masks', cells=_b('corrclip', 'toy_corrclip'),
        base='maskclip_b',
        note='CorrCLIP, version 1, with MetaCLIP\'s weights.',
        model=dict(
            clip=dict(model='ViT-B-16-quickgelu',
                      pretrained='metaclip_fullcc'),
            backbone=dict(last_block=dict(
                type='corrclip', unsegmented='lowest', proxy=dict(
                    model='vit_base_patch8_224', pretrained='dino'))),
            regions=dict(type='Sam2Regions', unsegmented='lowest'))),
    'lposs': dict(
        title='LPOSS', paper='LPOSS', protocol='lposs', needs='network',
        cells=_b('lposs', 'toy_lposs'), base='maskclip',
        note='MaskCLIP, its scores propagated over similar patches.',
        model=dict(
            clip=dict(pretrained='laion2b_s34b_b88k'),
            propagation=dict(
                iterations=10, proxy=dict(
                    model='vit_base_patch16_224', pretrained='dino')))),
    'trident': dict(
        title='Trident', paper='Trident', protocol='trident',
        needs='network', cells=dict.fromkeys(BENCHMARKS, 'trident'),
        base='maskclip_b',
        note='Trident\'s splice and SAM attention, without its mask decoder.',
        model=dict(backbone=dict(
            type='TridentViT',
            last_block=dict(type='proxyclip', proxy=dict(
                model='vit_base_patch16_224', pretrained='dino')),
            sam=dict(model='samvit_base_patch16', pretrained='sa1b')))),
    # ------------------------------------------------------------ protocol C
    'groupvit': dict(
        title='GroupViT', paper='GroupViT', protocol='groupvit',
        needs='trained',
        cells=dict.fromkeys(('voc21', 'context60', 'coco_object'),
                            'groupvit'),
        note='GroupViT, the published 2-stage model.',
        runtime='groupvit_runtime',
        remark='Weights of CC3M, CC12M and YFCC14M.',
        model=dict(
            type='ImageTextContrastive',
            weights='nvidia/groupvit-gcc-yfcc',
            data_preprocessor=dict(
                type='ZeroShotDataPreProcessor', **IMAGENET),
            backbone=dict(type='GroupViT'),
            text_backbone=dict(type='TextTransformer'),
            decode_head=dict(type='GroupViTHead'))),
    # ------------------------------------------------- models from elsewhere
    'sam3': dict(
        title='SAM 3', protocol='sam3', needs='trained',
        cells=dict.fromkeys(BENCHMARKS, 'sam3'),
        note='SAM 3 of transformers, trained with masks. Its weights are '
             'gated: accept their terms on the hub, or name a folder.',
        remark='Gated weights: see docs/other_networks.md.',
        model=dict(
            type='Sam3Segmentor',
            weights='facebook/sam3',
            data_preprocessor=dict(type='ZeroShotDataPreProcessor'))),
    'tipsv2': dict(
        title='TIPSv2', protocol='tipsv2', needs='trained',
        cells=dict(ade20k='tipsv2'),
        note='TIPSv2 of transformers with MaskCLIP\'s value trick.',
        model=dict(
            type='ZeroShotSegmentor',
            clip=dict(model='tipsv2', pretrained='google/tipsv2-b14'),
            data_preprocessor=dict(type='ZeroShotDataPreProcessor'),
            backbone=dict(type='Tipsv2ViT'),
            decode_head=dict(type='MaskClipHead'),
            prompts='tcl9')),
    **{method: dict(
        title=f'CLIP + {name}', name=f'Unmodified CLIP + {name}', file=file,
        paper='Grouping baselines', protocol='maskclip',
        cells={'voc21': 'groupvit', 'toy': 'toy'}, base='clip',
        note=f'Unmodified CLIP, its patch tokens grouped by {name} (GroupViT, '
             'table 4).',
        remark='The paper names no background threshold for these baselines: '
               'it is GroupViT\'s. Mean and std are CLIP\'s.',
        model=dict(decode_head=dict(
            type='ClusterHead', method=method)))
       for method, name, file in (
           ('kmeans', 'K-means', 'kmeans_clip'),
           ('mean_shift', 'mean-shift', 'mean_shift_clip'),
           ('spectral', 'spectral clustering', 'spectral_clip'))},
}

# Configs that are not made from the tables.
HAND_WRITTEN = (
    'groupvit_toy', 'groupvit_pretrain_gcc_yfcc',
    'groupvit_pretrain_gcc_redcaps', 'groupvit_pretrain_toy',
    'groupvit_pretrain_two_stage_toy', 'maskclip_plus_photos',
    'maskclip_plus_photos_toy',
    'maskclip_plus_pspnet_voc', 'maskclip_plus_segformer_voc')

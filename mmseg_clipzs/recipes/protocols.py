"""Evaluation protocols. Figures of different letters are not comparable.

A setting has one value, or one per dataset and a ``default``; if it is
missing, the model's default applies. ``like`` inherits the settings of another
protocol.

Keys of an entry:
    title: Letter and origin, ``protocol`` in configs and leaderboard.
    whose: Origin of the settings, if the title does not name it.
    resize: Short side (long side at most 2048), or a (long, short) side to fit
        the image into.
    window: (size, stride) of the sliding window, or 'whole' for the whole
        image.
    words: Vocabulary of mmseg_clipzs/vocabularies, to the letter that of the
        authors' code.
    logit_scale, background_threshold, area_threshold, prompts, clip: Settings
        of the segmentor.
    off_grid, pos_embed: Settings of the backbone.
    model: Dataset -> other options of the model, merged into it: of the
        method, ``voc21=dict(backbone=dict(last_block=dict(depth=4)))``, whose
        entry in ``METHODS`` then says ``last_block=dict(type=...)``, or of
        the segmentor.
    source: Source of the settings.
"""
_JOINED = dict(
    coco_stuff='coco_stuff171_sclip', cityscapes='cityscapes19_sclip',
    ade20k='ade20k150_sclip')
_TOY_DINO = dict(model='toy-dino-p4', pretrained='toy')
_TOY_REGIONS = dict(type='Felzenszwalb', scale=400., sigma=0.)


def _words(suffix):
    """dict: Dataset -> vocabulary of one code."""
    return {dataset: f'{name}_{suffix}' for dataset, name in (
        ('voc', 'voc20'), ('voc21', 'voc21'), ('context', 'context59'),
        ('context60', 'context60'), ('coco_object', 'coco_object81'),
        ('coco_stuff', 'coco_stuff171'), ('cityscapes', 'cityscapes19'),
        ('ade20k', 'ade20k150'))}


PROTOCOLS = {
    'maskclip': dict(
        title='A (MaskCLIP)',
        source='the MaskCLIP authors\' configs',
        resize=dict(default=512, context=(520, 520), context60=(520, 520),
                    cityscapes=(1024, 512)),
        window='whole',
        # VOC21 and Context-60: MaskCLIP+ learns the background.
        words=dict(
            voc='voc20', voc21='voc20', context='context59',
            context60='context59', coco_stuff='coco_stuff171',
            cityscapes='cityscapes19', ade20k='ade20k150')),
    # The SCLIP line's papers use it for methods without their own settings.
    'sclip_line': dict(
        title='B (SCLIP line)',
        whose='SCLIP\'s settings without its area threshold',
        source='the SCLIP authors\' configs',
        resize=dict(default=336, cityscapes=560, coco_stuff=448),
        window=(224, 112),
        logit_scale=dict(default=40, voc21=65, context60=50, coco_object=50),
        background_threshold=dict(voc21=0.1, context60=0.1, coco_object=0.1),
        off_grid='drop',
        pos_embed='sclip',
        words=dict(
            voc='voc20_sclip', voc21='voc21', context='context59_sclip',
            context60='context60', coco_object='coco_object81_sclip',
            **_JOINED)),
    'sclip': dict(
        like='sclip_line',
        whose='SCLIP\'s settings',
        area_threshold=dict(voc21=0.1)),
    'naclip': dict(
        like='sclip_line',
        whose='NACLIP\'s settings',
        source='the NACLIP authors\' configs',
        resize=dict(default=336, cityscapes=560),
        window=dict(default=(224, 112), voc='whole', voc21='whole'),
        logit_scale=40),
    'scclip': dict(
        like='sclip_line',
        whose='SC-CLIP\'s settings',
        source='the SC-CLIP authors\' configs',
        resize=dict(default=336, cityscapes=560),
        logit_scale=dict(default=40, voc21=50, coco_object=55),
        background_threshold=dict(
            voc21=0.15, context60=0.15, coco_object=0.35),
        area_threshold=dict(voc21=0.1)),
    'resclip': dict(
        like='naclip',
        whose='ResCLIP\'s settings',
        source='the ResCLIP authors\' configs',
        model={dataset: dict(backbone=dict(last_block=dict(
            label_threshold=threshold, rcs_weight=rcs_weight,
            sfr_weight=sfr_weight, sfr_gain=sfr_gain)))
            for dataset, threshold, rcs_weight, sfr_weight, sfr_gain in (
                ('voc21', 0.5, 0.3, 0.7, 2.2),
                ('context60', 0.3, 0.3, 0.7, 1.8),
                ('coco_object', 0.11, 0.4, 0.7, 1.8),
                ('voc', 0.1, 0.6, 0.6, 2.1),
                ('context', 0.25, 0.4, 0.7, 1.8),
                ('coco_stuff', 0.11, 0.4, 0.7, 1.8),
                ('cityscapes', 0.1, 0.2, 0.6, 2.1),
                ('ade20k', 0.25, 0.3, 0.7, 2.1))}),
    'sfp': dict(
        like='scclip',
        whose='SFP\'s settings',
        source='the SFP authors\' configs',
        resize=dict(default=336, cityscapes=560, ade20k=384)),
    'proxyclip': dict(
        like='sclip_line',
        whose='ProxyCLIP\'s settings',
        source='the ProxyCLIP authors\' configs',
        resize=dict(default=336, cityscapes=448, ade20k=448),
        window=dict(default=(336, 112), cityscapes=(224, 112)),
        logit_scale=40,
        background_threshold=dict(
            voc21=0.2, context60=0.15, coco_object=0.25),
        off_grid='pad_even'),
    # Windows of 336 within the backbone.
    'trident': dict(
        like='proxyclip',
        whose='Trident\'s settings',
        source='the Trident authors\' configs',
        resize=dict(default=576, voc21=448, coco_object=448, coco_stuff=448,
                    voc=336, cityscapes=688),
        window='whole',
        off_grid='pad',
        model=dict(
            voc=dict(backbone=dict(stride=112, cosine_factor=0.)),
            cityscapes=dict(backbone=dict(
                cosine_factor=3., keep_negative=False, halves=True)),
            ade20k=dict(backbone=dict(keep_negative=False)))),
    'corrclip': dict(
        like='proxyclip',
        whose='CorrCLIP\'s settings',
        source='the CorrCLIP authors\' configs',
        words=_words('corrclip')),
    'lposs': dict(
        title='B (SCLIP line)',
        whose='LPOSS\'s settings',
        source='the LPOSS authors\' configs',
        resize=448,
        window=(224, 112),
        off_grid='pad',
        pos_embed='exact',
        words={**_words('lposs'), 'cityscapes': 'cityscapes19',
               'ade20k': 'ade20k150'}),
    'clearclip': dict(
        title='B (ClearCLIP)',
        source='the ClearCLIP authors\' configs',
        resize=448,
        window=dict(default=(448, 224), cityscapes=(224, 224)),
        logit_scale=50,
        background_threshold=dict(voc21=0.5, context60=0.15, coco_object=0.4),
        off_grid='pad_even',
        pos_embed='sclip',
        words=dict(
            voc='voc20_clearclip', voc21='voc21_clearclip',
            context='context59_sclip', context60='context60',
            coco_object='coco_object81_plain', **_JOINED)),
    'groupvit': dict(
        title='C (GroupViT)',
        source='the GroupViT authors\' configs',
        resize=448,
        window=(448, 224),
        prompts='single',
        background_threshold=dict(
            voc21=0.95, context60=0.35, coco_object=0.95),
        words=dict(
            voc21='voc20_groupvit', context60='context59_groupvit',
            coco_object='coco_object80')),
    # Images keep their size: SAM 3 resizes them itself. Words without those
    # of a background, which is where no word is probable.
    'sam3': dict(
        title='B (SegEarth-OV3)',
        source='SegEarth-OV3 (arXiv 2512.08730)',
        window='whole',
        background_threshold=dict(voc21=0.4, context60=0.1, coco_object=0.4),
        words=dict(
            voc='voc20_plain', voc21='voc20_plain', context='context59',
            context60='context59', coco_object='coco_object80',
            coco_stuff='coco_stuff171', cityscapes='cityscapes19',
            ade20k='ade20k150')),
    'tipsv2': dict(
        title='B (TIPSv2)',
        source='a notebook of google-deepmind/tips',
        resize=448,
        window=(448, 336),
        words=dict(ade20k='ade20k150')),
    'toy': dict(
        title='toy',
        window='whole',
        clip=dict(model='toy-vit-p8', pretrained='toy'),
        words='toy'),
    # The toy CLIP was trained at 64 pixels, ViT-B/16 at 224.
    'toy_b': dict(
        like='toy',
        title='toy, B (windows of 64)',
        window=(64, 32)),
    # Values for a small network and small images with sharp edges, chosen on
    # scenes of --seed 7.
    'toy_regions': dict(
        like='toy_b', model=dict(toy=dict(regions=_TOY_REGIONS))),
    'toy_proxyclip': dict(
        like='toy_b',
        model=dict(toy=dict(backbone=dict(last_block=dict(
            proxy=_TOY_DINO, beta=1., gamma=64.))))),
    'toy_corrclip': dict(
        like='toy_b',
        model=dict(toy=dict(
            backbone=dict(last_block=dict(
                proxy=_TOY_DINO, scale=64., unsegmented='zero')),
            regions=dict(_TOY_REGIONS, unsegmented='zero')))),
    'toy_lposs': dict(
        like='toy_b',
        model=dict(toy=dict(propagation=dict(
            proxy=_TOY_DINO, neighbours=50, decay=.1)))),
}

"""Random weights for a config, which are as fast as trained ones."""
from mmseg_clipzs.models.backbones.clip_vit import get_last_block
from mmseg_clipzs.run.segmentor import clip_of, segmentor_of


def random_options(cfg):
    """Options that give a model's networks random weights.

    Args:
        cfg (Config): Of any method.

    Returns:
        dict: Changes as in ``--cfg-options``.
    """
    model, owner, options = segmentor_of(cfg), 'model', {}
    if 'weights' in model:
        options['model.weights'] = None
    if 'teacher' in model:
        model, owner = model.teacher, 'model.teacher'
    if clip_of(cfg):
        options[f'{owner}.clip.pretrained'] = None
    block = model.get('backbone', {}).get('last_block')
    proxy = getattr(block and get_last_block(block), 'proxy', None)
    if proxy:  # it may be the default of a method that is a name only
        given = dict(type=block) if isinstance(block, str) else dict(block)
        options[f'{owner}.backbone.last_block'] = {
            **given, 'proxy': {**proxy, 'pretrained': None}}
    return options

"""Random weights for a config, which are as fast as trained ones."""
from mmseg_clipzs.models.backbones.clip_vit import get_last_block
from mmseg_clipzs.models.segmentors.propagation import Propagation
from mmseg_clipzs.run.segmentor import clip_of, segmentor_of

_WITHOUT_WEIGHTS = ('Felzenszwalb', 'Slic')


def random_options(cfg):
    """Options that give a model's networks random weights.

    Random networks find no regions: Felzenszwalb's take their place.

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
    backbone = model.get('backbone', {})
    if backbone.get('sam'):
        options[f'{owner}.backbone.sam.pretrained'] = None
    # Proxies may be the defaults of what is a name only, or empty.
    block = backbone.get('last_block')
    proxy = getattr(block and get_last_block(block), 'proxy', None)
    if proxy:
        given = dict(type=block) if isinstance(block, str) else dict(block)
        options[f'{owner}.backbone.last_block'] = {
            **given, 'proxy': {**proxy, 'pretrained': None}}
    if model.get('propagation') is not None:
        proxy = Propagation(**model.propagation).proxy
        options[f'{owner}.propagation.proxy'] = {**proxy, 'pretrained': None}
    regions = model.get('regions')
    if regions and regions.get('type') not in _WITHOUT_WEIGHTS:
        options[f'{owner}.regions'] = dict(
            type='Felzenszwalb', correct=regions.get('correct', True),
            _delete_=True)
    return options

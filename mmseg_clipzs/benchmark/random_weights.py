"""Random weights for a config, which are as fast as trained ones."""
from mmseg_clipzs.run.segmentor import clip_of


def random_options(cfg):
    """Options that give a model random weights.

    Args:
        cfg (Config): Of any method.

    Returns:
        dict: Changes as in ``--cfg-options``.
    """
    if clip_of(cfg):
        return {'model.clip.pretrained': None}
    return {'model.weights': None}

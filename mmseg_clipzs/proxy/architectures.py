"""Which Vision Transformers of timm can be proxies, and how they are built.

timm takes seconds to import: it is imported when it is needed.
"""
from torch import nn

from mmseg_clipzs.utils import UserError, did_you_mean

# Architectures of this package: arguments of timm's VisionTransformer.
OWN = {
    'toy-dino-p4': dict(
        img_size=64, patch_size=4, embed_dim=192, depth=4, num_heads=3,
        dynamic_img_size=True)}
# Modules of timm with the others.
_MODULES = ('vision_transformer', 'eva', 'vision_transformer_sam')


def check_architecture(model):
    """Resolve and check the name of a network.

    Args:
        model (str): E.g. 'vit_base_patch8_224', or 'vit_base_patch8_224.dino'
            with a tag of weights.

    Returns:
        tuple[str, str]: The architecture and the tag, '' for none.

    Raises:
        UserError: Unknown, or not a Vision Transformer.
    """
    import timm
    name, _, tag = str(model).partition('.')
    if name in OWN:
        return name, tag
    if not isinstance(model, str) or not timm.is_model(name):
        raise UserError(
            f'Unknown network {model!r}.'
            f'{did_you_mean(name, [*OWN, *timm.list_models()])} '
            'timm.list_models("vit*") lists Vision Transformers.')
    *package, module = timm.models.model_entrypoint(name).__module__.split('.')
    if package == ['timm', 'models'] and module not in _MODULES:
        raise UserError(_unsupported(name, module))
    return name, tag


def list_tags(name):
    """list[str]: timm's tags of pretrained weights for an architecture."""
    import timm
    if name in OWN:
        return []
    return [entry.partition('.')[2]
            for entry in timm.list_pretrained(f'{name}.*')]


def build(name):
    """Build an architecture with random weights.

    Args:
        name (str): As from :func:`check_architecture`.

    Returns:
        nn.Module: timm's network, without classifier, for images of any size.

    Raises:
        UserError: Not a Vision Transformer.
    """
    import timm
    from timm.models import eva, vision_transformer, vision_transformer_sam
    if name in OWN:
        return vision_transformer.VisionTransformer(
            num_classes=0, **OWN[name])
    make = timm.models.model_entrypoint(name)
    # VisionTransformerSAM has no such switch: it takes any size.
    options = {} if make.__module__ == vision_transformer_sam.__name__ else (
        dict(dynamic_img_size=True))
    network = timm.create_model(name, num_classes=0, **options)
    if not isinstance(network, (
            vision_transformer.VisionTransformer, eva.Eva,
            vision_transformer_sam.VisionTransformerSAM)):
        raise UserError(_unsupported(name, type(network).__name__))
    return network


def is_plain(network):
    """bool: Whether a network is a Vision Transformer without more to it."""
    from timm.models.vision_transformer import VisionTransformer
    return type(network) is VisionTransformer and isinstance(
        network.patch_embed.proj, nn.Conv2d)


def _unsupported(name, kind):
    return (f'{name} ({kind}) cannot be a proxy: it must be a plain Vision '
            'Transformer, in timm a VisionTransformer (DINO, DINOv2, MAE, '
            'C-RADIO, ...), Eva (DINOv3, EVA-02, ...) or VisionTransformerSAM '
            '(samvit).')

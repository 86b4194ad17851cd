"""DeepLabV2Head as an ``ASPPHead`` of stock mmseg, which predicts the same.

Both begin with the same dilated convolutions. The rest of the ``ASPPHead`` is
made to sum them: image pooling is zero, and the bottleneck is the identity of
each branch.
"""
from inspect import signature

import torch
from mmseg.registry import MODELS

from mmseg_clipzs.models.decode_heads import DeepLabV2Head
from mmseg_clipzs.utils import UserError

_BATCH_NORMS = ('BN', 'BN2d', 'SyncBN', 'naiveSyncBN')


def stock_head(head):
    """Config of a head for stock mmseg.

    Args:
        head (dict): Config of any head.

    Returns:
        dict: ``ASPPHead`` for a ``DeepLabV2Head``, others as they are.

    Raises:
        UserError: A ``DeepLabV2Head`` with another convolution than
            ``Conv2d``, another activation than ReLU or another norm than batch
            norm.
    """
    if not _is_deeplabv2(head):
        return head
    activation = (head.get('act_cfg') or dict(type='ReLU'))['type']
    norm = (head.get('norm_cfg') or dict(type='BN'))['type']
    layer = (head.get('conv_cfg') or dict(type='Conv2d'))['type']
    if activation != 'ReLU' or norm not in _BATCH_NORMS or (
            layer not in ('Conv', 'Conv2d')):
        raise UserError(
            f'A DeepLabV2Head with {layer}, {norm} and {activation} cannot be '
            'exported to stock mmseg: use Conv2d, batch norm and ReLU.')
    default = signature(DeepLabV2Head).parameters['dilations'].default
    return {'dilations': default, **head, 'type': 'ASPPHead'}


def stock_head_weights(weights, head):
    """Weights of a head for stock mmseg.

    Args:
        weights (dict[str, Tensor]): State dict of the head.
        head (dict): Its config.

    Returns:
        dict[str, Tensor]: With those of the layers that :func:`stock_head`
        adds.
    """
    if not _is_deeplabv2(head):
        return weights
    first = weights['aspp_modules.0.conv.weight']
    width, inputs = first.shape[:2]
    branches = len({key.split('.')[1] for key in weights
                    if key.startswith('aspp_modules.')})
    bottleneck = first.new_zeros(width, (1 + branches) * width, 3, 3)
    bottleneck[:, width:, 1, 1] = torch.eye(
        width, dtype=first.dtype).repeat(1, branches)
    added = {'image_pool.1.conv.weight': first.new_zeros(width, inputs, 1, 1),
             'bottleneck.conv.weight': bottleneck}
    norm = head.get('norm_cfg')
    eps = 0 if norm is None else norm.get('eps', 1e-5)
    for layer in ('image_pool.1', 'bottleneck'):
        if norm is None:
            added[f'{layer}.conv.bias'] = first.new_zeros(width)
            continue
        # The norm is the identity as well.
        added.update({
            f'{layer}.bn.weight': first.new_full((width, ), (1 + eps)**0.5),
            f'{layer}.bn.bias': first.new_zeros(width),
            f'{layer}.bn.running_mean': first.new_zeros(width),
            f'{layer}.bn.running_var': first.new_ones(width),
            f'{layer}.bn.num_batches_tracked': torch.tensor(0)})
    return {**weights, **added}


def _is_deeplabv2(head):
    cls = head['type']
    return (MODELS.get(cls) if isinstance(cls, str) else cls) is DeepLabV2Head

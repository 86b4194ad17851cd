"""Train mmseg's decode heads with another classifier and read results."""
import torch
from mmengine.logging import MessageHub
from mmengine.structures import PixelData
from mmseg.models.decode_heads import IterativeDecodeHead
from mmseg.models.decode_heads.cascade_decode_head import BaseCascadeDecodeHead
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS

from mmseg_clipzs.labels import (
    IGNORE_INDEX,
    WIDE_IGNORE_INDEX,
    ignore_index,
)
from mmseg_clipzs.utils import UserError

from .results import keep_argmax
from .upsampling import first_argmax

_FITTING = ('Use one head that ends in conv_seg and is trained with label '
            'maps, e.g. FCNHead, ASPPHead, PSPHead, UPerHead, SegformerHead.')
_IGNORED = IGNORE_INDEX, WIDE_IGNORE_INDEX


def with_classes(segmentor, count):
    """Fill ``num_classes`` into a segmentor's heads.

    With more than 255 classes, they ignore label 65535 instead of 255.

    Args:
        segmentor (dict): Config with ``decode_head`` and, optionally,
            ``auxiliary_head``.
        count (int): Number of classes.

    Returns:
        dict: A changed copy of the config.

    Raises:
        UserError: A head that cannot be used; it is not built. Fewer than two
            classes, with which every loss is 0.
    """
    if count < 2:
        raise UserError(
            'Training needs two classes or more, but the vocabulary has '
            f'{count}, which would be right everywhere. Name what else the '
            'images show, as in --classes "cat; grass; sky".')
    filled, own = dict(segmentor), dict(num_classes=count)
    if count > IGNORE_INDEX:
        own['ignore_index'] = ignore_index(count)
    for name in ('decode_head', 'auxiliary_head'):
        heads = segmentor.get(name)
        if heads is None:
            continue
        several = isinstance(heads, (list, tuple))
        if several and name == 'decode_head':
            raise UserError(
                f'decode_head is a cascade of {len(heads)} heads, ending in '
                f'{_type_name(heads[-1])}. {_FITTING}')
        for head in heads if several else [heads]:
            _check_type(head)
        filled[name] = ([dict(head, **own) for head in heads]
                        if several else dict(heads, **own))
    return filled


def _type_name(head):
    return getattr(head['type'], '__name__', head['type'])


def _check_type(head):
    """Refuse a head whose loss needs more than scores and label maps."""
    cls = head['type']
    cls = MODELS.get(cls) if isinstance(cls, str) else cls
    if cls is None:  # MODELS.build raises an error
        return
    if not issubclass(cls, BaseDecodeHead):
        reason = 'does not classify pixel by pixel'
    elif issubclass(cls, (BaseCascadeDecodeHead, IterativeDecodeHead)):
        reason = 'refines the scores of another head'
    elif cls._stack_batch_gt is not BaseDecodeHead._stack_batch_gt:
        reason = 'is trained with more than label maps (edges or depth)'
    else:
        return
    raise UserError(f'{cls.__name__} {reason}. {_FITTING}')


def classifier_width(head):
    """Width of the features that a head classifies.

    Args:
        head (BaseDecodeHead): As built.

    Returns:
        int: ``in_channels`` of its ``conv_seg``.

    Raises:
        UserError: It has no ``conv_seg``.
    """
    if getattr(head, 'conv_seg', None) is None:
        raise UserError(f'{type(head).__name__} does not end in conv_seg. '
                        f'{_FITTING}')
    return head.conv_seg.in_channels


def run_head(head, inputs):
    """Run a head and record its classifier.

    Args:
        head (BaseDecodeHead): With ``conv_seg``.
        inputs: Features of the backbone.

    Returns:
        tuple: Output of the head, which may be a tuple (EncNet, DDRNet);
        features (N, D, h, w) that ``conv_seg`` classified; its scores
        (N, C, h, w), which the head predicts with.

    Raises:
        UserError: The head does not use its ``conv_seg``.
    """
    calls = []
    handle = head.conv_seg.register_forward_hook(
        lambda module, args, output: calls.append((args[0], output)))
    try:
        output = head(inputs)
    finally:
        handle.remove()
    if not calls:
        raise UserError(f'{type(head).__name__} does not use its conv_seg. '
                        f'{_FITTING}')
    return output, *calls[-1]


def has_more_classifiers(segmentor):
    """Whether layers other than ``conv_seg`` depend on the class count.

    Args:
        segmentor (EncoderDecoder): As built.

    Returns:
        bool: True for auxiliary heads and heads with their own loss (EncNet,
        DDRNet, DANet).
    """
    own_loss = type(segmentor.decode_head).loss_by_feat
    return segmentor.with_auxiliary_head or (
        own_loss is not BaseDecodeHead.loss_by_feat)


def set_class_count(segmentor, count):
    """Set the number of classes of a segmentor and its head.

    Args:
        segmentor (EncoderDecoder): Changed in place.
        count (int): Number of classes.
    """
    for part in (segmentor, segmentor.decode_head):
        part.num_classes = part.out_channels = count
    # mmseg thresholds a single class; at 1 no pixel is foreground.
    segmentor.decode_head.threshold = 1.
    if segmentor.decode_head.ignore_index in _IGNORED:
        segmentor.decode_head.ignore_index = ignore_index(count)


def to_log_probabilities(results):
    """Turn class scores into log-probabilities.

    Args:
        results (list[SegDataSample]): With ``seg_logits`` (C, H, W), changed
            in place.

    Returns:
        list[SegDataSample]: With ``seg_logits`` (C, H, W), log-softmax over
        the classes, and ``pred_sem_seg`` (1, H, W) int64, its argmax.
    """
    for result in results:
        scores = result.seg_logits.data
        labels = first_argmax(scores)  # the exported student's as well
        result.set_data(dict(
            seg_logits=PixelData(data=keep_argmax(
                scores.log_softmax(0), labels)),
            pred_sem_seg=PixelData(data=labels[None])))
    return results


def check_training_classes(model):
    """Refuse to train a model on classes that it was not built for.

    Args:
        model (nn.Module): With ``vocabulary``, ``training_classes`` and
            ``num_classes``.

    Raises:
        UserError: Other classes.
    """
    classes = model.vocabulary.classes
    if classes != model.training_classes:
        raise UserError(
            'The class lists of a zero-shot training are fixed, but '
            f'set_vocabulary changed them to {model.num_classes} classes '
            f'({", ".join(classes[:3])}, ...). Build the model with that '
            'vocabulary to train it.')


def check_finite(losses, data_samples):
    """Stop a training that diverged.

    Args:
        losses (dict[str, Tensor]): Losses of a batch.
        data_samples (list[SegDataSample]): The batch.

    Raises:
        FloatingPointError: A loss that is not finite; names the iteration and
            the images.
    """
    for name, value in losses.items():
        if 'loss' in name and not torch.isfinite(value).all():
            images = [s.metainfo.get('img_path') for s in data_samples]
            iteration = MessageHub.get_current_instance().get_info('iter')
            raise FloatingPointError(
                f'{name} is {value.tolist()} in iteration {iteration} on '
                f'{images}. A smaller learning rate or '
                'optim_wrapper.clip_grad may help.')

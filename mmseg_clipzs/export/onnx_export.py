"""Export segmentors to ONNX, and compare the file with PyTorch at once."""
import io
import json
import logging
import os
import warnings
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass, field

import numpy as np
import torch
from packaging.version import Version

from mmseg_clipzs.models.segmentors import ImageTextContrastive
from mmseg_clipzs.models.segmentors.open_vocabulary_segmentor import (
    OpenVocabularySegmentor,
)
from mmseg_clipzs.toy.scenes import make_scene
from mmseg_clipzs.utils import (
    MARK,
    UserError,
    atomic_write,
    check_replaceable,
    import_optional,
    keep_interrupts,
)
from mmseg_clipzs.version import __version__

from .int8 import to_int8
from .onnx_graph import SegmentorGraph
from .onnx_model import OnnxModel, OnnxModelError

_TORCH = '2.10'  # older ones do not capture sizes that are inputs
_OPSET = 18
_MOST = 2**31 - 2**20  # bytes of weights; protobuf's limit is 2 GiB
# Share of equal labels that a file needs: whether it is int8 -> share.
AGREEMENT = {False: 0.9999, True: 0.95}


@dataclass(frozen=True)
class Export:
    """What was exported.

    Attributes:
        agreement (float): Share of pixels with PyTorch's label.
        pixels (int): Number of pixels compared.
        size (int): Bytes of the file.
        engines (dict): Of :func:`.compare_engines`, if asked for.
    """
    agreement: float
    pixels: int
    size: int
    engines: dict = field(default_factory=dict)


def export_onnx(model, path, segment, photos, resize=None, int8=False,
                **about):
    """Write a segmentor as ONNX, unless it labels photos differently.

    Args:
        model (nn.Module): See :class:`SegmentorGraph`; on the CPU.
        path (str | Path): ``.onnx`` file to write.
        segment (Callable): (H, W, 3) uint8 RGB -> (H, W) labels by PyTorch,
            from photo to label map.
        photos (Sequence[ndarray]): Photos (H, W, 3) uint8 RGB to compare,
            e.g. :func:`scenes`.
        resize (dict, optional): ``scale`` (width, height) and ``keep_ratio``
            of mmseg's ``Resize`` before the network.
        int8 (bool): Linear layers in int8; see :func:`.int8.to_int8`.
        about: More metadata, e.g. ``config='maskclip_voc'``.

    Returns:
        Export: How well it agrees.

    Raises:
        UserError: A package that is not installed, a model that cannot be
            exported, or a file that disagrees, which is removed.
        NotOursError: A file of the user at ``path``.
    """
    check_path(path)
    if int8 and isinstance(model, ImageTextContrastive):
        raise UserError('GroupViT is not exported in int8: its hard '
                        'assignments change too often. Leave out --int8.')
    graph = SegmentorGraph(model)
    program = _to_onnx(graph)
    if int8:
        program = to_int8(program)
    about = {**_about(graph, resize), 'int8': int8, **about}
    program.producer_name, program.producer_version = MARK, __version__
    for key, value in about.items():
        program.metadata_props.add(
            key=key, value=value if key == 'software' else json.dumps(value))
    needed = AGREEMENT[int8]
    with atomic_write(path) as temporary:
        temporary.write_bytes(program.SerializeToString())
        try:
            equal, pixels = _compare(OnnxModel(temporary), segment, photos)
        except OnnxModelError as e:
            raise UserError(f'The exported file was not kept: {e}') from e
        if equal < needed * pixels:
            raise UserError(
                f'The exported file labels {equal / pixels:.2%} of the pixels '
                f'as PyTorch does, fewer than {needed:.2%}: it was not '
                'kept.')
    return Export(equal / pixels, pixels, os.path.getsize(path))


def check_path(path):
    """Check what an export needs before its model is loaded.

    Args:
        path (str | Path): ``.onnx`` file to write.

    Raises:
        UserError: Another suffix, a package that is not installed, or a
            version of torch that cannot export.
        NotOursError: A file of the user at ``path``.
    """
    if os.path.splitext(path)[1] != '.onnx':
        raise UserError(f'--out must be an .onnx file, but got {path}.')
    check_replaceable(path)
    for name in ('onnx', 'onnxscript', 'onnxruntime'):
        import_optional(name, 'export', 'The export to ONNX')
    if not can_export():
        raise UserError(
            f'The export to ONNX needs torch {_TORCH} or newer, but '
            f'{torch.__version__} is installed. Exported files run without '
            'torch.')


def can_export():
    """bool: Whether this version of torch can."""
    return Version(torch.__version__) >= Version(_TORCH)


def _to_onnx(graph):
    """ModelProto: With symbolic batch, height and width."""
    weights = sum(each.nbytes for each in graph.state_dict().values())
    if weights > _MOST:
        raise UserError(f'The model has {weights / 2**30:.1f} GiB of weights, '
                        'but an ONNX file holds 2 GiB at most.')
    dynamic = torch.export.Dim.DYNAMIC
    # Sizes that are no multiples of anything: a graph made from others could
    # be right for multiples only.
    patch = getattr(graph.network.backbone, 'patch_size', (32, 32))
    image = torch.zeros(2, 3, *(
        count * cell + least + cell // 2 + 1 for count, cell, least in zip(
            (4, 7), patch, graph.least)), dtype=torch.uint8)
    size = torch.tensor([190, 270])
    try:
        with torch.no_grad(), _quiet(), keep_interrupts():
            program = torch.onnx.export(
                torch.export.export(
                    graph, (image, size), strict=False,
                    dynamic_shapes=(dict.fromkeys((0, 2, 3), dynamic), None)),
                input_names=['image', 'size'], output_names=['labels'],
                dynamo=True, opset_version=_OPSET, external_data=False,
                verbose=False)
    # Of torch.export, for what depends on values or sizes, and of its
    # translation. The first is imported by now, and not before.
    except (torch._dynamo.exc.TorchDynamoException, RuntimeError) as e:
        raise UserError(
            f'{type(graph.model).__name__} cannot be exported to ONNX: '
            f'{str(e.__cause__ or e).strip().splitlines()[0][:300]}') from e
    proto = program.model_proto
    _name_axes(proto.graph)
    return proto


def _name_axes(graph):
    """Give the axes of inputs and outputs their names."""
    names = dict(image=('batch', None, 'height', 'width'), size=(None, ),
                 labels=('batch', 'label_height', 'label_width'))
    del graph.value_info[:]  # in terms of the old names
    for each in (*graph.input, *graph.output):
        for axis, name in zip(each.type.tensor_type.shape.dim,
                              names[each.name]):
            if name is not None:
                axis.dim_param = name


def _about(graph, resize):
    """dict: What a file says of itself; values are written as JSON."""
    model, bgr = graph.model, graph.bgr
    about = dict(
        software=MARK, version=__version__, torch=torch.__version__,
        model=type(model).__name__,
        classes=list(model.dataset_meta['classes']),
        palette=[list(map(int, colour))
                 for colour in model.dataset_meta['palette']],
        input='uint8 RGB (N, 3, height, width)',
        mean=graph.mean.flatten().tolist()[::-1 if bgr else 1],
        std=graph.std.flatten().tolist()[::-1 if bgr else 1],
        resize=resize, least=list(graph.least), windows=dict(graph.windows))
    vocabulary = getattr(model, 'vocabulary', None)
    if vocabulary is not None:
        about.update(words=[list(words) for words in vocabulary.synonyms])
    if isinstance(model, OpenVocabularySegmentor):
        about.update(
            background_threshold=model.background_threshold,
            area_threshold=getattr(model, 'area_threshold', None),
            pamr=model.pamr)
    return about


def scenes(model):
    """Generate photos of several sizes and shapes, two of them equal.

    Args:
        model (nn.Module): A segmentor, whose windows they are as large as.

    Returns:
        list[ndarray]: (H, W, 3) uint8 RGB.
    """
    rng = np.random.default_rng(0)
    least = max(*SegmentorGraph(model).least, 96)
    large = [make_scene(rng, 2 * least)[0] for _ in range(4)]
    return [scene[:least + h, :least + w] for scene, (h, w) in zip(
        large, ((32, 32), (5, 61), (77, 0), (32, 32)))]


def _compare(exported, segment, photos):
    """Compare labels, one by one and in batches of one size.

    Returns:
        tuple[int]: Pixels with equal labels, and all pixels.
    """
    equal = pixels = 0
    groups = {}
    for photo in photos:
        groups.setdefault(photo.shape, []).append(photo)
    for group in groups.values():
        expected = np.stack([segment(photo) for photo in group])
        found = [np.stack([exported.segment(photo) for photo in group])]
        if len(group) > 1:
            found.append(exported.segment_batch(group))
        for labels in found:
            equal += int((labels == expected).sum())
            pixels += labels.size
    return equal, pixels


@contextmanager
def _quiet():
    """Keep the exporter's notes on its own work from the terminal."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)  # errors are raised
    try:
        # Where torch.export prints the whole graph that it failed on.
        with warnings.catch_warnings(), redirect_stderr(io.StringIO()):
            warnings.simplefilter('ignore')
            yield
    finally:
        logging.disable(before)

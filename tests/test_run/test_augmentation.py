"""Sizes that the model sees with ``--tta``."""
import numpy as np
import pytest
from mmengine.config import Config
from mmseg.registry import DATASETS
from PIL import Image

from mmseg_clipzs.run.configs import find_config
from mmseg_clipzs.run.job import Job

SHORT = 'test_dataloader.dataset.pipeline.1.scale'


@pytest.fixture(scope='module')
def photos(tmp_path_factory):
    """A landscape and a portrait image with masks, in VOC layout."""
    root = tmp_path_factory.mktemp('voc')
    for folder in ('JPEGImages', 'SegmentationClass'):
        (root / folder).mkdir()
    for name, size in (('a', (500, 375)), ('b', (300, 400))):
        ramp = np.linspace(0, 255, size[0]).astype(np.uint8)
        Image.fromarray(np.tile(ramp, (size[1], 1))).convert('RGB').save(
            root / f'JPEGImages/{name}.jpg')
        Image.new('L', size, 1).save(root / f'SegmentationClass/{name}.png')
    (root / 'val.txt').write_text('a\nb\n')
    return root


def views(config, root, **options):
    """Views of the two images: inputs (3, h, w) and samples."""
    cfg = Job(config, tta=True, data_root=str(root), options={
        'test_dataloader.dataset.ann_file': 'val.txt', **options}).load()
    return [DATASETS.build(cfg.test_dataloader.dataset)[i] for i in range(2)]


@pytest.mark.parametrize('config, options, sizes', [
    # Short side 512: 384, 512 and 640; long side in proportion.
    ('maskclip_voc', {}, ([(384, 512), (512, 683), (640, 853)],
                          [(512, 384), (683, 512), (853, 640)])),
    # Short side 336, window 224: 252, 336 and 420.
    ('sclip_voc21', {}, ([(252, 336), (336, 448), (420, 560)],
                         [(336, 252), (448, 336), (560, 420)])),
    # --cfg-options on the pipeline count; here the long side is the limit.
    ('maskclip_voc', {SHORT: (400, 333)}, (
        [(225, 300), (300, 400), (375, 500)],
        [(300, 225), (400, 300), (500, 375)])),
    # Toy scenes are not resized: the images' own sizes are scaled.
    ('maskclip_toy', {'test_dataloader.dataset.type': 'PascalVOCDataset',
                      'test_dataloader.dataset.metainfo': dict(
                          classes=('aeroplane', ))},
     ([(281, 375), (375, 500), (469, 625)],
      [(300, 225), (400, 300), (500, 375)]))])
def test_sizes(config, options, sizes, photos):
    """Each size twice, the second one mirrored; masks keep their size."""
    for data, wanted, shape in zip(
            views(config, photos, **options), sizes, ((375, 500), (400, 300))):
        assert [tuple(view.shape[1:]) for view in data['inputs']] == [
            size for size in wanted for _ in range(2)]
        for plain, flipped in zip(data['inputs'][::2], data['inputs'][1::2]):
            assert plain.flip(2).equal(flipped)
        samples = data['data_samples']
        assert [sample.flip for sample in samples] == [False, True] * 3
        for sample in samples:
            assert sample.ori_shape == shape
            assert sample.gt_sem_seg.shape == shape


@pytest.mark.parametrize('resize, sizes', [
    (dict(type='mmcv.Resize', scale=(80, 40)),
     [(30, 60), (40, 80), (50, 100)]),
    (dict(type='ResizeShortestEdge', scale=60, max_size=72),
     [(41, 54), (54, 72), (68, 90)])])
def test_other_resizes(resize, sizes, photos):
    """To a fixed size; the short side with a limit for the long one."""
    data = views('maskclip_voc', photos, **{
        'test_dataloader.dataset.pipeline': [
            dict(type='LoadImageFromFile'), resize,
            dict(type='PackSegInputs')]})
    assert [tuple(view.shape[1:])
            for view in data[0]['inputs'][::2]] == sizes


def test_a_configs_own_pipeline_is_kept():
    own = [dict(type='LoadImageFromFile'), dict(
        type='TestTimeAug', transforms=[[dict(type='PackSegInputs')]])]
    cfg = Config.fromfile(find_config('maskclip_voc'))
    cfg.tta_pipeline = own
    loaded = Job(cfg, tta=True).load()
    assert loaded.test_dataloader.dataset.pipeline == own

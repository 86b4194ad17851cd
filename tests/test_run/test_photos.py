"""Training data replaced by a folder of photos: what is kept."""
import pytest
from mmengine.config import Config
from mmseg.registry import DATASETS

from mmseg_clipzs.run.configs import find_config
from mmseg_clipzs.run.job import Job
from mmseg_clipzs.run.photos import report_skipped, train_on_photos

DATA = 'train_dataloader.dataset'


def load(config, photos='FOLDER', classes='cat; sky', **options):
    job = Job(config, classes=classes, options=options)
    cfg = job.load(train=True)
    train_on_photos(cfg, job, photos)
    return cfg.train_dataloader


@pytest.mark.parametrize('config', ['maskclip_plus_photos',
                                    'maskclip_plus_photos_toy'])
def test_options_on_the_dataset(config):
    loader = load(config, **{
        f'{DATA}.img_suffix': '.png', f'{DATA}.indices': 3,
        f'{DATA}.pipeline.1.ratio_range': (1., 3.),
        f'{DATA}.data_root': 'elsewhere',
        f'{DATA}.metainfo.palette': [[1] * 3],
        'train_dataloader.batch_size': 5, 'train_dataloader.num_workers': 7})
    assert (loader.batch_size, loader.num_workers) == (5, 7)
    data = loader.dataset
    assert (data.type, data.data_root, data.img_suffix, data.indices) == (
        'PhotoFolderDataset', 'FOLDER', '.png', 3)
    assert data.metainfo == dict(classes=('cat', 'sky'), palette=[[1] * 3])
    pipeline = Config.fromfile(find_config(config)).train_pipeline
    pipeline[1].ratio_range = (1., 3.)
    assert data.pipeline == pipeline


def test_the_whole_pipeline():
    steps = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations'),
             dict(type='PackSegInputs')]
    for option in ({f'{DATA}.pipeline': steps},
                   {'train_dataloader': dict(dataset=dict(pipeline=steps))}):
        assert load('maskclip_plus_photos', **option).dataset.pipeline == [
            steps[0], steps[2]]


def test_a_datasets_own_settings_are_not_kept():
    """Lists, folders and its suffix; options nevertheless are."""
    data = load('maskclip_plus_toy', **{f'{DATA}.img_suffix': '.png'}).dataset
    assert set(data) == {
        'type', 'data_root', 'metainfo', 'pipeline', 'img_suffix'}
    types = [step.type for step in data.pipeline]
    assert types == ['LoadImageFromFile', 'RandomResize', 'RandomCrop',
                     'RandomFlip', 'PhotoMetricDistortion', 'PackSegInputs']


def test_a_wrapped_dataset():
    """Options on the wrapper and on the first dataset in it."""
    cfg = Config.fromfile(find_config('maskclip_plus_toy'))
    one = cfg.train_dataloader.dataset
    cfg.train_dataloader.dataset = dict(
        type='ConcatDataset', datasets=[one, dict(one)])
    data = load(cfg, **{f'{DATA}.img_suffix': '.png',
                        f'{DATA}.datasets.0.pipeline.1.scale': (64, 64),
                        f'{DATA}.datasets.0.indices': 2}).dataset
    assert (data.type, data.img_suffix, data.indices) == (
        'PhotoFolderDataset', '.png', 2)
    assert data.pipeline[1].scale == (64, 64)


def test_what_is_skipped_is_reported():
    """Whether the photos are the config's or given."""
    for name, hooks in (('maskclip_plus_photos', 1), ('maskclip_plus_toy', 0)):
        cfg = Job(name).load(train=True)
        for _ in range(2):  # not twice
            report_skipped(cfg)
        assert [hook.type for hook in cfg.custom_hooks].count(
            'DataStateHook') == hooks


def test_images_that_are_read(small_voc):
    """Of a suffix, of a subfolder, a number of them."""
    def names(**options):
        cfg = load('maskclip_plus_photos_toy', small_voc, **{
            f'{DATA}.{key}': value for key, value in options.items()})
        built = DATASETS.build(cfg.dataset)
        return [built.get_data_info(i)['img_path'].rpartition('/')[2]
                for i in range(len(built))]

    jpgs, pngs = ([f'{i}.{kind}' for i in range(7)] for kind in (
        'jpg', 'png'))
    assert names() == jpgs + pngs
    assert names(img_suffix='.PNG') == pngs
    assert names(**{'data_prefix.img_path': 'JPEGImages'}) == jpgs
    assert names(indices=3) == jpgs[:3]

import pytest
from mmengine.config import ConfigDict

from mmseg_clipzs.datasets.availability import check_available, leaf_datasets
from mmseg_clipzs.utils import UserError

PARTS = ('JPEGImages', 'SegmentationClass', 'ImageSets/Segmentation/val.txt')


@pytest.fixture
def dataset(tmp_path):
    root = tmp_path / 'VOC2012'
    for part in PARTS:
        path = root / part
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('a\n') if path.suffix else path.mkdir()
    return ConfigDict(
        type='PascalVOCDataset', data_root=str(root), ann_file=PARTS[2],
        data_prefix=dict(img_path=PARTS[0], seg_map_path=PARTS[1]),
        pipeline=[dict(type='LoadImageFromFile'),
                  dict(type='LoadAnnotations')])


@pytest.mark.parametrize('changes', [
    {},
    dict(ann_file=''),
    dict(data_prefix=dict(img_path='JPEGImages', seg_map_path=None)),
    dict(data_prefix=dict(img_path='', seg_map_path='')),
])
def test_complete(dataset, changes):
    dataset.update(changes)
    check_available(dataset)
    check_available(dict(type='RepeatDataset', times=2, dataset=dataset))


def test_absolute_paths_need_no_root(dataset):
    root = dataset.pop('data_root')
    dataset.ann_file = f'{root}/{PARTS[2]}'
    dataset.data_prefix = {
        key: f'{root}/{part}' for key, part in dataset.data_prefix.items()}
    check_available(dataset)


@pytest.mark.parametrize('part', ['.', *PARTS])
@pytest.mark.parametrize('depth', [0, 2])
def test_missing(dataset, tmp_path, part, depth):
    path = tmp_path / 'VOC2012' / part
    path.rename(tmp_path / 'elsewhere')
    for _ in range(depth):
        dataset = ConfigDict(type='RepeatDataset', dataset=dataset)
    with pytest.raises(UserError, match=(
            f'dataset PascalVOCDataset is incomplete: {path} does not '
            'exist. See docs/prepare_data.md .* --data-root FOLDER')):
        check_available(dataset)


TTA = [dict(type='LoadImageFromFile'), dict(type='TestTimeAug', transforms=[
    [dict(type='RandomFlip', prob=0.)], [dict(type='LoadAnnotations')]])]


@pytest.mark.parametrize('pipeline, needed', [
    ([dict(type='LoadImageFromFile')], False), ([], False),
    ([dict(type='LoadAnnotations'), dict(type='HideLabels')], True),
    (TTA, True), (TTA[:1], False)])
def test_masks_are_needed_where_they_are_loaded(dataset, tmp_path, pipeline,
                                                needed):
    dataset.pipeline = pipeline
    (tmp_path / 'VOC2012' / PARTS[1]).rmdir()
    if needed:
        with pytest.raises(UserError, match='SegmentationClass does not'):
            check_available(dataset)
    else:
        check_available(dataset)


def test_toy_scenes_can_be_generated(tmp_path):
    root = tmp_path / 'toy'
    with pytest.raises(UserError, match=(
            f'{root} does not exist. Generate the scenes with '
            f'`clipzs make-toy-scenes --out {root}`')):
        check_available(dict(type='ToyScenesDataset', data_root=str(root)))


def test_all_parts_of_a_concatenation(dataset, tmp_path):
    other = ConfigDict(dataset, data_root=str(tmp_path / 'no'))
    with pytest.raises(UserError, match='no does not exist'):
        check_available(dict(type='ConcatDataset', datasets=[dataset, other]))


@pytest.mark.parametrize('folder, recipe', [
    ('toy_captions',
     'clipzs make-toy-scenes --out .*toy_captions --train 20000'),
    ('mine', 'See docs/image_text_data.md .* --data-root FOLDER')])
@pytest.mark.parametrize('part', ['captions.json', 'train.txt', 'images'])
def test_lists_of_images_and_captions(folder, recipe, part, tmp_path):
    root = tmp_path / folder
    (root / 'images').mkdir(parents=True)
    for name in ('captions.json', 'train.txt'):
        (root / name).write_text('a\n')
    dataset = dict(
        type='ImageTextDataset', data_root=str(root), split='train.txt',
        ann_file='captions.json', data_prefix=dict(img_path='images'))
    check_available(dataset)
    (root / part).rename(tmp_path / 'elsewhere')
    with pytest.raises(UserError, match=f'{root / part} does not .*{recipe}'):
        check_available(dataset)


def test_shards(shards):
    dataset = dict(type='ImageTextShards', data_root=str(shards),
                   urls='{000000..000007}.tar')
    check_available(dataset)
    with pytest.raises(UserError, match=(
            '1 of 9 shards are missing, .*000008.tar. '
            'See docs/image_text_data.md')):
        check_available(dict(dataset, urls='{000000..000008}.tar'))
    with pytest.raises(UserError, match=(
            'nowhere does not exist. See docs/image')):
        check_available(dict(dataset, data_root='nowhere'))


def test_leaf_datasets():
    leaves = [dict(type='A', data_root='a'), dict(type='B'), dict(type='C')]
    nested = dict(type='ConcatDataset', datasets=[
        dict(type='RepeatDataset', times=2, dataset=leaves[0]),
        dict(type='ConcatDataset', datasets=leaves[1:])])
    assert list(leaf_datasets(nested)) == leaves
    assert list(leaf_datasets(leaves[0])) == leaves[:1]

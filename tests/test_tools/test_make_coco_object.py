"""tools/make_coco_object.py and the dataset that reads its masks."""
import json
import runpy
import sys
from pathlib import Path

from PIL import Image

from mmseg_clipzs.datasets import CocoObjectDataset

ROOT = Path(__file__).parents[2]


def test_the_dataset_reads_the_masks(tmp_path, monkeypatch, capsys):
    """A cat of COCO's category 17 on the left half of an image."""
    instances = tmp_path / 'instances_val2017.json'
    instances.write_text(json.dumps(dict(
        images=[dict(id=1, file_name='000000000139.jpg', height=12,
                     width=20)],
        annotations=[dict(
            id=1, image_id=1, category_id=17, area=120, iscrowd=0,
            segmentation=[[0, 0, 10, 0, 10, 12, 0, 12]])],
        categories=[dict(id=17, name='cat')])))
    out = tmp_path / 'annotations/val2017'
    monkeypatch.setattr(sys, 'argv', [
        'make_coco_object.py', str(instances), '--out', str(out)])
    runpy.run_path(
        str(ROOT / 'tools/make_coco_object.py'), run_name='__main__')
    assert capsys.readouterr().out == f'{out}: 1 masks\n'
    (tmp_path / 'images/val2017').mkdir(parents=True)
    Image.new('RGB', (20, 12)).save(
        tmp_path / 'images/val2017/000000000139.jpg')
    dataset = CocoObjectDataset(
        data_root=str(tmp_path),
        data_prefix=dict(img_path='images/val2017',
                         seg_map_path='annotations/val2017'),
        pipeline=[dict(type='mmseg.LoadAnnotations')])
    labels = dataset[0]['gt_seg_map']
    cat = dataset.metainfo['classes'].index('cat')
    assert (labels[:, :10] == cat).all() and not labels[:, 10:].any()

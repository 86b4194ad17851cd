"""tools/test.py and tools/train.py: data, options, output."""
import shutil

import numpy as np
from PIL import Image

from .inputs import prepared
from .table import Row, says, usage, warns, works

TEST = ('test maskclip_toy --cfg-options test_dataloader.num_workers=0 '
        'test_dataloader.persistent_workers=False log_level=ERROR '
        'model.prompts=single')
TRAIN = ('train maskclip_plus_toy --student-weights none --data-root {toy} '
         '--cfg-options train_dataloader.num_workers=0 '
         'train_dataloader.persistent_workers=False '
         'val_dataloader.num_workers=0 '
         'val_dataloader.persistent_workers=False log_level=ERROR '
         'model.student.backbone.base_channels=8 '
         'model.student.decode_head.in_channels=64 '
         'model.teacher.prompts=single '
         'train_dataloader.batch_size=2 train_cfg.max_iters=1')
LIST = 'ImageSets/Segmentation/val.txt'
VAL = 'toy_val_00000'


def copy_of(toy, folder):
    shutil.copytree(toy, folder, dirs_exist_ok=True)
    return folder


def changed(name, change):
    """Prepare a copy of the toy scenes, changed."""
    def make(folder, toy):
        change(copy_of(toy, folder))
        return folder

    make.__name__ = name
    return prepared(make)


def _mask(root, value=None, size=None, mode=None):
    path = root / f'SegmentationClass/{VAL}.png'
    with Image.open(path) as image:
        labels = np.asarray(image).copy()
    if value is not None:
        labels = labels.astype(np.uint16 if value > 255 else np.uint8)
        labels[:4] = value
    image = Image.fromarray(labels)
    if mode:
        image = image.convert(mode)
    image.resize(size or image.size, Image.NEAREST).save(path)


def _cut(path):
    content = path.read_bytes()
    path.write_bytes(content[:len(content) // 2])


def _rename_images(root):
    for path in (root / 'JPEGImages').iterdir():
        path.rename(path.with_suffix('.JPG'))


for _name, _change in dict(
        no_masks=lambda root: shutil.rmtree(root / 'SegmentationClass'),
        no_images=lambda root: shutil.rmtree(root / 'JPEGImages'),
        no_list=lambda root: (root / LIST).unlink(),
        empty_list=lambda root: (root / LIST).write_text(''),
        blank_lines=lambda root: (root / LIST).write_text(
            '\r\n\r\n'.join([VAL, 'toy_val_00001', ''])),
        unknown_in_list=lambda root: (root / LIST).write_text(
            f'{VAL}\ntoy_val_99999\n'),
        list_with_suffix=lambda root: (root / LIST).write_text(
            f'{VAL}.jpg\n'),
        list_with_bom=lambda root: (root / LIST).write_text(
            f'{VAL}\n', encoding='utf-8-sig'),
        list_of_bytes=lambda root: (root / LIST).write_bytes(
            b'\xff\xfe\x00toy'),
        list_a_folder=lambda root: ((root / LIST).unlink(),
                                    (root / LIST).mkdir()),
        image_cut=lambda root: _cut(root / f'JPEGImages/{VAL}.jpg'),
        image_gone=lambda root: (root / f'JPEGImages/{VAL}.jpg').unlink(),
        image_text=lambda root: (root / f'JPEGImages/{VAL}.jpg').write_text(
            'no image'),
        images_upper_case=_rename_images,
        mask_cut=lambda root: _cut(root / f'SegmentationClass/{VAL}.png'),
        mask_gone=lambda root: (
            root / f'SegmentationClass/{VAL}.png').unlink(),
        mask_of_another_size=lambda root: _mask(root, size=(9, 9)),
        mask_colours=lambda root: _mask(root, mode='RGB'),
        mask_label_12=lambda root: _mask(root, 12),
        mask_label_254=lambda root: _mask(root, 254),
        mask_label_300=lambda root: _mask(root, 300)).items():
    changed(_name, _change)


def test_on(name, pattern):
    return Row(f'test_{name}', f'test maskclip_toy --data-root {{{name}}} '
               + TEST.partition(' maskclip_toy ')[2], says(pattern))


def option(name, text, pattern):
    return Row(f'train_{name}', f'{TRAIN} {text}', says(pattern))


ROWS = [
    # ------------------------------------------------------------ test: data
    Row('test_nothing', 'test', usage('CONFIG')),
    Row('test_toy', f'{TEST} test_dataloader.dataset.data_root={{toy}} '
        '--out masks', works(lambda r: len(
            list((r.folder / 'masks').glob('*.png'))) == 2)),
    Row('test_data_gone', f'{TEST} --data-root gone', says('gone')),
    Row('test_data_a_file', f'{TEST} --data-root {{text_file}}',
        says('note.jpg')),
    Row('test_data_empty', f'{TEST} --data-root {{empty_folder}}',
        says('nothing')),
    test_on('no_masks', 'SegmentationClass'),
    test_on('no_images', 'JPEGImages'),
    test_on('no_list', 'val.txt'),
    test_on('empty_list', 'val.txt|no image|empty'),
    test_on('unknown_in_list', 'toy_val_99999'),
    test_on('list_with_suffix', rf'{VAL}\.jpg'),
    test_on('list_of_bytes', 'val.txt'),
    test_on('list_a_folder', 'val.txt'),
    test_on('image_cut', rf'{VAL}\.jpg'),
    test_on('image_gone', rf'{VAL}\.jpg'),
    test_on('image_text', rf'{VAL}\.jpg'),
    test_on('images_upper_case', rf'{VAL}\.jpg|\.JPG'),
    test_on('mask_cut', rf'{VAL}\.png'),
    test_on('mask_gone', rf'{VAL}\.png'),
    test_on('mask_of_another_size', rf'{VAL}\.png is 9 x 9'),
    test_on('mask_colours', rf'{VAL}\.png'),
    test_on('mask_label_12', rf'{VAL}\.png.*12'),
    test_on('mask_label_254', rf'{VAL}\.png.*254'),
    test_on('mask_label_300', rf'{VAL}\.png.*300'),
    test_on('blank_lines', 'JPEGImages|val.txt'),
    test_on('list_with_bom', 'JPEGImages|val.txt'),
    # -------------------------------------------------- test: options, output
    Row('test_config', 'test maskclip-toy', says('maskclip_toy')),
    Row('test_untrained', 'test maskclip_plus_toy', says('trained first')),
    Row('test_checkpoint', 'test maskclip_toy gone.pth', says('gone.pth')),
    Row('test_checkpoint_twice', 'test maskclip_toy a.pth --checkpoint b.pth',
        says('b.pth|a.pth')),
    Row('test_checkpoint_text', TEST + ' --data-root {toy} '
        '--checkpoint {text_file}', says('note.jpg')),
    Row('test_checkpoint_folder', TEST + ' --data-root {toy} '
        '--checkpoint {photos}', says('photos')),
    Row('test_checkpoint_clip', TEST + ' --data-root {toy} '
        '--checkpoint {tiny_weights}', says('another model|tiny-vit.pt')),
    Row('test_classes', TEST + ' --data-root {toy} --classes "cat; sky"',
        says('2 classes.*12|12.*2 classes')),
    Row('test_out_a_file', TEST + ' --data-root {toy} --out {text_file}',
        says('note.jpg')),
    Row('test_show_dir_a_file', TEST + ' --data-root {toy} '
        '--show-dir {text_file}', says('note.jpg')),
    Row('test_work_dir_a_file', TEST + ' --data-root {toy} '
        '--work-dir {text_file}', says('note.jpg')),
    Row('test_out_not_writable', TEST + ' --data-root {toy} '
        '--out /proc/none', says('/proc/none')),
    Row('test_launcher', f'{TEST} --launcher ssh', usage('invalid choice')),
    Row('test_wait', f'{TEST} --wait-time long', usage('invalid float')),
    Row('test_amp', f'{TEST} --amp', usage('unrecognized')),
    *(Row(f'test_{name}', f'{TEST} {text} --data-root {{toy}}', says(pattern))
      for name, text, pattern in (
          ('batch_0', 'test_dataloader.batch_size=0', 'batch_size'),
          ('batch_word', 'test_dataloader.batch_size=two', 'batch_size'),
          ('workers_negative', 'test_dataloader.num_workers=-1',
           'num_workers'),
          ('dataset_type', 'test_dataloader.dataset.type=ToyScenes',
           'ToyScenesDataset'),
          ('dataset_key', 'test_dataloader.dataset.ann_fil=x', 'ann_file'),
          ('loader_key', 'test_dataloader.num_worker=1', 'num_workers'),
          ('metric', 'test_evaluator.type=IoUMetrics', 'IoUMetric'),
          ('metric_name', 'test_evaluator.iou_metrics=[mIOU]', 'mIoU'),
          ('model_type', 'model.type=ZeroShotSegmenter',
           'ZeroShotSegmentor'),
          ('head_type', 'model.decode_head.type=MaskClipHed',
           'MaskClipHead'),
          ('step_type', 'test_dataloader.dataset.pipeline.0.type=LoadImage',
           'LoadImageFromFile'),
          ('step_number', 'test_dataloader.dataset.pipeline.9.type=X', '9'),
          ('scale', 'test_dataloader.dataset.pipeline.1.scale=0', 'scale'),
          ('precision', 'model.clip.precision=fp8', 'bf16'),
          ('seed', 'randomness.seed=x', 'seed'),
          ('log_level', 'log_level=LOUD', 'log_level|LOUD'))),
    Row('test_workers_persistent', f'{TEST} --data-root {{toy}} --cfg-options '
        'test_dataloader.num_workers=0 log_level=ERROR model.prompts=single '
        'test_dataloader.persistent_workers=True --out masks', works(
            lambda r: len(list((r.folder / 'masks').iterdir())) == 2)),
    # ----------------------------------------------------------------- train
    Row('train_nothing', 'train', usage('CONFIG')),
    Row('train_zero_shot', 'train maskclip_toy', says('train')),
    Row('train_config', 'train maskclip_plus_tpy',
        says('maskclip_plus_toy')),
    Row('train_photos_and_data', 'train maskclip_plus_toy --photos x '
        '--data-root y', usage('not allowed with')),
    Row('train_photos_gone', 'train maskclip_plus_photos_toy --photos gone '
        '--classes "cat; sky" --student-weights none', says('gone')),
    Row('train_photos_none', 'train maskclip_plus_photos_toy --photos '
        '{empty_folder} --classes "cat; sky" --student-weights none',
        says('nothing')),
    Row('train_photos_labels', 'train maskclip_plus_zero_shot_toy --photos '
        '{photos} --student-weights none', says('unseen')),
    Row('train_photos_of_groupvit', 'train groupvit_pretrain_toy --photos '
        '{photos}', says('teacher')),
    Row('train_data_gone', 'train maskclip_plus_toy --data-root gone '
        '--student-weights none', says('gone')),
    Row('train_weights_gone', 'train maskclip_plus_toy --data-root {toy} '
        '--student-weights gone.pth', says('gone.pth')),
    Row('train_weights_text', 'train maskclip_plus_toy --data-root {toy} '
        '--student-weights {text_file}', says('note.jpg')),
    Row('train_weights_of_another', 'train maskclip_plus_toy --data-root '
        '{toy} --student-weights {tiny_weights}', says('tiny-vit.pt')),
    Row('train_weights_of_none', 'train groupvit_pretrain_toy '
        '--student-weights x.pth', says('student|data')),
    Row('train_work_dir', TRAIN + ' --work-dir {text_file}',
        says('note.jpg')),
    Row('train_checkpoint', TRAIN + ' --checkpoint gone.pth',
        says('gone.pth')),
    Row('train_tta', TRAIN + ' --tta', usage('unrecognized')),
    *(option(*each) for each in (
        ('iters_0', 'train_cfg.max_iters=0', 'max_iters'),
        ('iters_negative', 'train_cfg.max_iters=-5', 'max_iters'),
        ('iters_word', 'train_cfg.max_iters=many', 'max_iters'),
        ('iters_half', 'train_cfg.max_iters=2.5', 'max_iters'),
        ('val_interval_0', 'train_cfg.val_interval=0', 'val_interval'),
        ('batch_0', 'train_dataloader.batch_size=0', 'batch_size'),
        ('batch_negative', 'train_dataloader.batch_size=-4', 'batch_size'),
        ('lr_word', 'optim_wrapper.optimizer.lr=fast', 'lr'),
        ('lr_negative', 'optim_wrapper.optimizer.lr=-1', 'lr'),
        ('lr_nan', 'optim_wrapper.optimizer.lr=nan', 'lr'),
        ('optimizer', 'optim_wrapper.optimizer.type=Adamm', 'Adam'),
        ('accumulate_0', 'optim_wrapper.accumulative_counts=0',
         'accumulative_counts'),
        ('checkpoint_0', 'default_hooks.checkpoint.interval=0', 'interval'),
        ('log_0', 'default_hooks.logger.interval=0', 'interval'),
        ('conf_by', 'model.conf_by=x', 'conf_by|probability'),
        ('unseen', 'model.unseen=[cta]', 'cta|unseen'),
        ('backbone', 'model.student.backbone.type=ResNetV9', 'ResNet'),
        ('depth', 'model.student.backbone.depth=17', '17|depth'),
        ('teacher_key', 'model.techer.prompts=single', 'teacher'),
        ('crop', 'crop_sise=64', 'crop_s'))),
    Row('train_one_step', TRAIN, works(
        lambda r: list(r.folder.rglob('iter_1.pth')))),
    Row('train_resumes_nothing', TRAIN.replace('log_level=ERROR', '')
        + ' --resume', warns('--resume found no checkpoint', lambda r: list(
            r.folder.rglob('iter_1.pth')))),
]

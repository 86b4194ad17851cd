"""``run_train``: checks before it starts."""
import pytest

from mmseg_clipzs.run.job import Job
from mmseg_clipzs.run.train import run_train
from mmseg_clipzs.toy.voc_layout import write_voc
from mmseg_clipzs.utils import UserError


@pytest.fixture(scope='module')
def scenes(tmp_path_factory):
    root = tmp_path_factory.mktemp('data') / 'toy'
    write_voc(str(root), train=2, val=1, size=64, seed=3)
    return str(root)


@pytest.mark.parametrize('config, fields, settings, message', [
    ('maskclip_plus_toy', dict(data_root='nowhere'), {},
     'nowhere.*make-toy-scenes'),
    ('maskclip_plus_toy', {}, dict(photos='nowhere'), 'nowhere'),
    ('maskclip_plus_toy', dict(data_root='a'), dict(photos='b'),
     'either a folder of photos or a data root'),
    ('maskclip_plus_toy', dict(tta=True), {}, 'does not apply to training'),
    ('maskclip_toy', {}, {}, 'maskclip_toy has no train_dataloader'),
    ('text_mapped_zero_shot_toy', {}, dict(photos='.'), 'with a teacher'),
    ('maskclip_plus_photos', {}, dict(photos='.'), 'with the words to learn'),
    ('maskclip_plus_authors_voc', {}, dict(photos='.'),
     'authors_voc reads labels .* e.g. maskclip_plus_photos'),
])
def test_bad_input(tmp_path, config, fields, settings, message):
    with pytest.raises(UserError, match=message):
        run_train(Job(config, **fields), tmp_path, **settings)


def test_data_root_is_the_training_datas(scenes, tmp_path):
    """Image-text training is validated on data in another folder."""
    other = str(tmp_path / 'other')
    job = Job('maskclip_plus_zero_shot_toy', data_root=scenes, options={
        'val_dataloader.dataset.data_root': other})
    with pytest.raises(UserError, match=f'{other} does not exist'):
        run_train(job, tmp_path)


def test_the_callers_config_is_not_changed(scenes, tmp_path):
    cfg = Job('maskclip_plus_toy', options={
        'model.student.backbone.base_channels': 8,
        'model.student.decode_head.in_channels': 64,
        'model.teacher.prompts': 'single', 'log_level': 'ERROR',
        'train_dataloader.batch_size': 2,
        'train_cfg.max_iters': 1}).load()
    before = cfg.to_dict()
    runner = run_train(Job(cfg, data_root=scenes), tmp_path,
                       photos=None, amp=False)
    assert runner.iter == 1
    assert cfg.to_dict() == before


def test_images_alone_are_enough_without_labels(scenes, tmp_path, log):
    """No mask of any image; the validation set is left out, and says so."""
    root = tmp_path / 'images'
    root.mkdir()
    for part in ('JPEGImages', 'ImageSets'):
        (root / part).symlink_to(f'{scenes}/{part}')
    small = {
        'model.student.backbone.base_channels': 8,
        'model.student.decode_head.in_channels': 64,
        'model.teacher.prompts': 'single', 'train_dataloader.batch_size': 2,
        'train_cfg.max_iters': 1, 'train_cfg.val_interval': 1}
    job = Job('maskclip_plus_toy', data_root=root, options=small)
    runner = run_train(job, tmp_path / 'run')
    assert runner.iter == 1 and runner.val_loop is None
    line = next(line for line in log if 'without validation' in line)
    assert f'{root}/SegmentationClass does not exist' in line
    with pytest.raises(UserError, match='SegmentationClass does not exist'):
        run_train(Job('maskclip_plus_zero_shot_toy', data_root=root,
                      options=small), tmp_path / 'run')

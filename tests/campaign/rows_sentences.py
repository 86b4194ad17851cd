"""Settings, values, configs, outputs and launchers that are mistaken."""
from .inputs import prepared
from .table import Row, says, usage, works

TOY = 'test maskclip_toy --data-root {toy} --cfg-options'
PLUS = ('train maskclip_plus_toy --student-weights none --data-root {toy} '
        '--cfg-options')


def config(name, text):
    """Prepare a config file."""
    def make(folder):
        path = folder / f'{name}.py'
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    make.__name__ = f'{name}_config'
    return prepared(make)


config('own_base', "_base_ = './own_base.py'\n")
config('latin', b'x = "\xff\xfe"\n')
config('leaving', 'exit(3)\n')
config('number', 'model = 3\n')
config('no_module', "custom_imports = dict(imports=['no_such_module'], "
       'allow_failed_imports=False)\n')
config('importing', 'import no_such_module\n')


def rows(head, prefix, cases):
    return [Row(f'{prefix}_{i}', f'{head} {option}', says(pattern))
            for i, (option, pattern) in enumerate(cases)]


ROWS = [
    *rows(TOY, 'test', (
        ('model.backbon.last_block=naclip', 'Did you mean backbone'),
        ('model.backbone.lastblock.x=1', 'last_block'),
        ('model.data_preprocessor.std=0', 'mean and std normalise together'),
        ('test_cfg=None', 'no test_cfg'),
        ('test_evaluator=None', 'no test_evaluator'),
        ('test_cfg.type=ValLoop', 'must be a loop for testing'),
        ('test_dataloader.sampler.type=InfiniteSampler', 'never ends'),
        ('model.pamr=yes', 'pamr.*dict'),
        ('model.pamr.step=3', 'steps'),
        ('model.regions=Slic', 'regions takes a dict'),
        ('model.regions.type=Slicc', 'Did you mean Slic'),
        ('model.test_cfg.croop_size=64', 'crop_size'),
        ('model.test_cfg.mode=slide model.test_cfg.crop_size=64',
         'crop_size'),
        ('model.test_cfg.window_batch=four', 'window_batch'),
        ('model.logit_scal=40', 'logit_scale'),
        ('model.background_threshold=2', 'background_threshold'),
        ('model.clip.pretraned=toy', 'pretrained'),
        ('model.clip.modle=toy', 'model'),
        ('model.decode_head=MaskClipHead', 'must be dict'),
        ('model.data_preprocessor.meen=1', 'mean'),
        ('model=3', 'must be dict'),
        ('train_dataloader.batch_size=2', 'has no dataset'),
        ('train_cfg.max_iters=2', 'has no type'),
        ('test_dataloader.batch_sise=2', 'batch_size'),
        ('test_dataloader.sampler.shufle=True', 'shuffle'),
        ('test_dataloader.dataset.pipeline.0.tipe=x', 'type'),
        ('test_dataloader.persistent_workers=maybe', 'True or False'),
        ('test_evaluator.iou_metric=mIoU', 'iou_metrics'),
        ('test_cfg.fp61=True', 'fp16'),
        ('default_hooks.loger.interval=3', 'logger'),
        ('default_hooks.logger.intervall=3', 'interval'),
        ('custom_hooks.0.type=VocabHook', 'VocabularyHook'),
        ('randomness.sed=3', 'seed'),
        ('randomness.seed=-1', 'seed'),
        ('env_cfg.cudnn_benchmrk=True', 'cudnn_benchmark'),
        ('env_cfg.products=mkl', 'one of auto, torch, onednn'),
        ('visualizer.vis_backend=x', 'vis_backends'),
        ('log_processor.by_epch=False', 'by_epoch'))),
    *rows(PLUS, 'train', (
        ('optim_wrapper.optimizer.lrr=3', 'lr'),
        ('optim_wrapper.accumulativ_counts=2', 'accumulative_counts'),
        ('optim_wrapper.type=AmpOptim', 'AmpOptimWrapper'),
        ('optim_wrapper.clip_grad.max_norm=0', 'max_norm'),
        ('optim_wrapper.optimizer.weight_decay=much', 'weight_decay'),
        ('param_scheduler.0.type=PoliLR', 'PolyLR'),
        ('param_scheduler.1.pwer=2', 'power'),
        ('param_scheduler.1.power=x', 'power'),
        ('train_cfg.max_iters=1e3', 'max_iters'),
        ('train_cfg.max_iter=3', 'max_iters'),
        ('train_cfg.val_interval=often', 'val_interval'),
        ('train_dataloader.num_workers=-1', 'num_workers'),
        ('auto_scale_lr.base_batch_size=0', 'base_batch_size'),
        ('auto_scale_lr.enabel=True', 'enable'),
        ('model.student.decode_head.num_clases=3', 'num_classes'),
        ('model.student.decode_head.norm_cfg.type=BNN', 'BN'),
        ('model.student.test_cfg.croop_size=3', 'crop_size'),
        ('model.teacher.prompts=imagenet08', 'imagenet80'),
        ('model.teacher.backbone.last_block=naklip', 'naclip'),
        ('default_hooks.checkpoint.intervl=3', 'interval'),
        ('train_pipeline.0.type=x', 'change nothing'),
        ('runner_type=Ruuner', 'Runner'),
        ('model_wrapper_cfg.type=DDP', 'no model_wrapper'))),
    # ---------------------------------------------------------------- configs
    *(Row(f'config_{name}', f'{tool} {{{name}_config}}', says(pattern))
      for tool, name, pattern in (
          ('test', 'own_base', 'its own _base_'),
          ('train', 'latin', 'UTF-8'), ('test', 'leaving', 'leaving.py'),
          ('corruptions', 'number', 'must be dict'),
          ('leaderboard --configs', 'no_module', 'no_such_module'),
          ('check_data', 'importing', 'no_such_module'))),
    Row('config_folder', 'test {photos}', says('is a folder')),
    Row('config_far', 'test xyzzy', says("No config 'xyzzy'")),
    Row('dataset_near', 'check_data --datasets contxt', says('context')),
    # ---------------------------------------------------------------- outputs
    *(Row(f'out_{i}', call, says(pattern))
      for i, (call, pattern) in enumerate((
        ('test maskclip_toy --out {text_file}', '--out needs a folder'),
        ('test maskclip_toy --show-dir {text_file}', '--show-dir needs'),
        ('test maskclip_toy --work-dir ""', '--work-dir is empty'),
        ('train maskclip_plus_toy --work-dir {text_file}', '--work-dir needs'),
        ('train maskclip_plus_toy --work-dir /proc/none', '/proc/none'),
        ('segment x.jpg --config maskclip_toy --classes "cat; sky" '
         '--out /dev/null', 'is a device'),
        ('leaderboard --methods clip --datasets toy --work-dir /proc/none',
         '/proc/none'),
        ('corruptions maskclip_toy --out {text_file}/x', 'note.jpg/x'),
        ('benchmark maskclip_toy --out {photos}', '--out needs a file'),
        ('demo --work-dir {text_file}', '--work-dir needs a folder'),
        ('make_toy_scenes --out {text_file}', '--out needs a folder'),
        ('make_shards x.json --out {text_file}', '--out needs a folder'),
        ('prepare_captions x.json --out {photos}', '--out needs a file'),
        ('export_weights x.pth --out {photos}', '--out needs a file'),
        ('export_student maskclip_plus_toy x.pth --out {text_file}',
         '--out needs a folder'),
        ('make_coco_object x.json --out {text_file}', '--out needs a folder'),
        ('train_toy_clip --out {photos}', '--out needs a file'),
        ('train_toy_dino --out {photos}', '--out needs a file'),
        (f'make_toy_scenes --out {"x" * 300}', 'cannot be written')))),
    # ------------------------------------------------------ the command line
    *(Row(f'launcher_{tool}_{launcher}', f'{tool} maskclip_plus_toy '
          f'--launcher {launcher}', usage(f'{launcher} did not'))
      for tool in ('test', 'train') for launcher in (
          'pytorch', 'slurm', 'mpi')),
    *(Row(f'key_value_{i}', f'test maskclip_toy --cfg-options {option}',
          usage(pattern)) for i, (option, pattern) in enumerate((
              ('model', 'KEY=VALUE'), ('=3', 'KEY=VALUE'),
              ('model.prompts = single', 'KEY=VALUE'),
              ('"model.prompts=[a, b"', 'brackets'),
              ('"model.prompts=(a, b]"', 'brackets')))),
    Row('nothing_to_train', 'train maskclip_toy', says('clipzs test')),
    Row('loader_alone', f'{TOY} test_dataloader.num_workers=0 '
        'test_dataloader.persistent_workers=True log_level=ERROR '
        'model.prompts=single', works(lambda r: r.code == 0)),
]

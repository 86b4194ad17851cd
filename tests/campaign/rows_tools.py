"""The smaller tools: their arguments, inputs and outputs."""
import json

from .inputs import prepared
from .table import Row, finds, says, usage, works


def exists(*names):
    """Check: these files are in the row's folder."""
    return lambda r: all((r.folder / name).is_file() for name in names)


@prepared
def other_toy(folder):
    """Toy scenes with another seed."""
    from mmseg_clipzs.toy.voc_layout import write_voc
    write_voc(folder / 'toy', train=1, val=1, size=32, seed=7)
    return folder / 'toy'


@prepared
def state_dict(folder):
    """A state dict of two tensors, ``weights.pth``."""
    import torch
    path = folder / 'weights.pth'
    torch.save(dict(state_dict=dict(a=torch.ones(2, 3), b=torch.zeros(4))),
               path)
    return path


@prepared
def no_tensors(folder):
    """A checkpoint without tensors."""
    import torch
    path = folder / 'none.pth'
    torch.save(dict(state_dict={}), path)
    return path


@prepared
def zero_shot_config(folder):
    """A config whose Python has a syntax error."""
    path = folder / 'broken.py'
    path.write_text('model = dict(type=\n')
    return path


@prepared
def raising_config(folder):
    """A config that divides by zero."""
    path = folder / 'raising.py'
    path.write_text('x = 1 / 0\n')
    return path


@prepared
def base_missing(folder):
    """A config whose base does not exist."""
    path = folder / 'base.py'
    path.write_text("_base_ = './gone.py'\n")
    return path


@prepared
def empty_config(folder):
    """A config without anything."""
    path = folder / 'empty.py'
    path.touch()
    return path


@prepared
def bad_json_config(folder):
    """A .json config that is cut."""
    path = folder / 'cut.json'
    path.write_text('{"model": {"type": ')
    return path


@prepared
def list_config(folder):
    """A .yml config that is a list."""
    path = folder / 'list.yml'
    path.write_text('- a\n- b\n')
    return path


TOYS = 'make_toy_scenes --train 1 --val 1 --size 16'
ROWS = [
    # --------------------------------------------------------- make_toy_scenes
    Row('toy_again', 'make_toy_scenes --out {my_toy} --train 3 --val 2 '
        '--size 32', works(lambda r: r.printed('already exists'))),
    Row('toy_other_seed', 'make_toy_scenes --out {other_toy} --train 1 '
        '--val 1 --size 32 --seed 1', says(r"seed'?: 7")),
    Row('toy_other_files', f'{TOYS} --out {{photos}}', says('photos')),
    Row('toy_a_file', f'{TOYS} --out {{text_file}}', says('note.jpg')),
    Row('toy_below_a_file', f'{TOYS} --out {{text_file}}/x',
        says('note.jpg')),
    Row('toy_not_writable', f'{TOYS} --out /proc/none', says('/proc/none')),
    Row('toy_out_empty', f'{TOYS} --out ""', says('.')),
    Row('toy_nothing', 'make_toy_scenes --train 0 --val 0 --out t',
        works(lambda r: (r.folder / 't/toy_scenes.json').is_file())),
    *(Row(f'toy_{name}_{value}', f'make_toy_scenes --out t --{name} {value}',
          says(name)) for name, value in (
              ('train', -1), ('val', -1), ('size', 0), ('size', 15),
              ('size', -128), ('seed', -1))),
    *(Row(f'toy_{name}_{value}', f'make_toy_scenes --out t --{name} {value}',
          usage('invalid int value')) for name, value in (
              ('train', 'many'), ('size', '128x128'), ('seed', '1.5'),
              ('val', 'nan'))),
    Row('toy_huge', 'make_toy_scenes --out t --train 0 --val 1 '
        '--size 1000000', says('size|memory')),
    # ---------------------------------------------------------- train_toy_clip
    *(Row(f'toy_clip_{name}_{value}', 'train_toy_clip --out w.safetensors '
          f'--scenes 4 --batch-size 2 --workers 0 --{name} {value}',
          says(name.replace('-', '.'))) for name, value in (
              ('steps', 0), ('steps', -1), ('batch-size', 0),
              ('batch-size', -2), ('scenes', 0), ('scenes', 1),
              ('scenes', -1), ('lr', 'nan'), ('lr', '-1'), ('lr', 'inf'),
              ('weight-decay', '-1'), ('warmup', -1),
              ('patch-dropout', '1.5'), ('patch-dropout', '-1'),
              ('late-share', '2'), ('seed', -1), ('save-every', 0),
              ('save-every', -5), ('workers', -1))),
    *(Row(f'toy_clip_{name}_{value}', f'train_toy_clip --{name} {value}',
          usage('invalid')) for name, value in (
              ('steps', 'many'), ('lr', 'fast'), ('precision', 'fp64'))),
    Row('toy_clip_out_a_folder', 'train_toy_clip --out {empty_folder} '
        '--steps 1 --scenes 4 --batch-size 2 --workers 0',
        says('nothing')),
    Row('toy_clip_out_not_writable', 'train_toy_clip '
        '--out /proc/none/w.safetensors --steps 1 --scenes 4 --batch-size 2 '
        '--workers 0', says('/proc/none')),
    # ---------------------------------------------------------- train_toy_dino
    *(Row(f'toy_dino_{name}_{value}', 'train_toy_dino --out w.safetensors '
          f'--scenes 4 --batch-size 2 --workers 0 --{name} {value}',
          says(name.replace('-', '.'))) for name, value in (
              ('steps', 0), ('batch-size', 0),
              ('scenes', 1), ('lr', 'nan'), ('weight-decay', '-1'),
              ('warmup', -1), ('small-crops', -1), ('masked-share', 1),
              ('masked-share', '-.1'), ('prototypes', 1),
              ('momentum', '1.1'), ('seed', -1), ('save-every', 0),
              ('workers', -1))),
    *(Row(f'toy_dino_{name}_{value}', f'train_toy_dino --{name} {value}',
          usage('invalid')) for name, value in (
              ('small-crops', 'two'), ('precision', 'fp64'))),
    Row('toy_dino_out_not_writable', 'train_toy_dino '
        '--out /proc/none/w.safetensors --steps 1 --scenes 4 --batch-size 2 '
        '--workers 0', says('/proc/none')),
    # ------------------------------------------------------------ check_data
    Row('check_nothing', 'check_data', usage('name a config')),
    Row('check_mistyped', 'check_data maskclip_tpy', says('maskclip_toy')),
    Row('check_dataset', 'check_data --datasets voc2012', says('voc')),
    Row('check_root', 'check_data maskclip_toy --data-root gone',
        finds('gone does not exist')),
    Row('check_two_roots', 'check_data maskclip_toy maskclip_voc '
        '--data-root {toy}', says('data-root')),
    Row('check_option', 'check_data maskclip_toy --cfg-options tset.x=1',
        says("'tset'")),
    Row('check_toy', 'check_data --datasets toy --data-root {toy}',
        works(lambda r: r.printed(r'ToyScenes|toy'))),
    Row('check_syntax', 'check_data {zero_shot_config}', says('broken.py')),
    Row('check_raising', 'check_data {raising_config}', says('raising.py')),
    Row('check_base', 'check_data {base_missing}', says('gone.py')),
    Row('check_empty', 'check_data {empty_config}', says('empty.py|empty')),
    Row('check_json', 'check_data {bad_json_config}', says('cut.json')),
    Row('check_list', 'check_data {list_config}', says('list.yml')),
    Row('check_photo', 'check_data {photo}', says('cat.jpg')),
    # -------------------------------------------------------------- exports
    Row('weights_suffix', 'export_weights {state_dict} --out w.pth',
        says(r'\.safetensors')),
    Row('weights_no_out', 'export_weights {state_dict}', usage('--out')),
    Row('weights_missing', 'export_weights gone.pth --out w.safetensors',
        says('gone.pth')),
    Row('weights_text', 'export_weights {text_file} --out w.safetensors',
        says('note.jpg')),
    Row('weights_folder', 'export_weights {photos} --out w.safetensors',
        says('photos')),
    Row('weights_no_bytes', 'export_weights {empty_file} '
        '--out w.safetensors', says('empty.bin')),
    Row('weights_no_tensors', 'export_weights {no_tensors} '
        '--out w.safetensors', says('none.pth')),
    Row('weights_out_a_folder', 'export_weights {state_dict} '
        '--out {my_photos}/../x.safetensors', works(
            exists('x.safetensors'))),
    Row('weights_out_not_writable', 'export_weights {state_dict} '
        '--out /proc/none/w.safetensors', says('/proc/none')),
    Row('weights_right', 'export_weights {state_dict} --out a/b.safetensors',
        works(exists('a/b.safetensors'))),
    Row('student_missing', 'export_student maskclip_plus_toy gone.pth',
        says('gone.pth')),
    Row('student_config', 'export_student maskclip_plus_tpy {state_dict}',
        says('maskclip_plus_toy')),
    Row('student_of_zero_shot', 'export_student maskclip_toy {state_dict}',
        says('MaskClipPlus')),
    Row('student_of_nothing', 'export_student maskclip_plus_toy {no_tensors}',
        says('MaskClipPlus')),
    Row('student_text', 'export_student maskclip_plus_toy {text_file}',
        says('note.jpg')),
    Row('student_one_argument', 'export_student maskclip_plus_toy',
        usage('checkpoint')),
    # ---------------------------------------------------------- make_configs
    Row('configs_option', 'make_configs --chek x', usage('unrecognized')),
    # ------------------------------------------------------ compare_figures
    Row('figures_missing', 'compare_figures gone.json', says('gone.json')),
    Row('figures_a_photo', 'compare_figures {text_file}',
        says('is no leaderboard|cannot be read')),
    # -------------------------------------------------------- check_release
    Row('release_no_tag', 'check_release', usage('required')),
    Row('release_other', 'check_release v9.9.9', says("tag is 'v9.9.9'")),
    # -------------------------------------------------- make_method_pictures
    Row('pictures_page', 'make_method_pictures --pages sclop',
        says('no page|Did you mean sclip')),
    Row('pictures_nothing', 'make_method_pictures --pages',
        usage('expected at least one')),
    Row('coco_nothing', 'make_coco_object', usage('required|arguments')),
    Row('coco_missing', 'make_coco_object gone', says('gone')),
    Row('coco_a_file', 'make_coco_object {text_file}', says('note.jpg')),
    Row('regions_nothing', 'make_regions', usage('required|arguments')),
    Row('regions_gone', 'make_regions gone --out regions', says('gone')),
    Row('regions_empty', 'make_regions {empty_folder} --out regions',
        says('No photos')),
    Row('regions_out', 'make_regions {empty_folder} --out {text_file}',
        says('--out needs a folder')),
    Row('regions_correct', 'make_regions {photo} --out regions --provider '
        'Slic --options correct=False', says('takes n_segments')),
    Row('coco_empty', 'make_coco_object {empty_folder}', says('nothing')),
    # ----------------------------------------------------------- leaderboard
    Row('board_nothing', 'leaderboard', says('--methods')),
    Row('board_no_dataset', 'leaderboard --methods clip', says('--datasets')),
    Row('board_no_method', 'leaderboard --datasets toy', says('--methods')),
    Row('board_method', 'leaderboard --methods maskclp --datasets toy',
        says('maskclp_toy')),
    Row('board_dataset', 'leaderboard --methods maskclip --datasets tpy',
        says('maskclip_tpy')),
    Row('board_config', 'leaderboard --configs gone.py', says('gone.py')),
    Row('board_untrained', 'leaderboard --configs maskclip_plus_toy',
        says('trained first')),
    Row('board_clip', 'leaderboard --methods maskclip --datasets toy '
        '--clip ViT-B-16:', says('MODEL:WEIGHTS')),
    Row('board_roots', 'leaderboard --methods maskclip --datasets toy voc '
        '--data-root {toy}', says('data-root')),
    Row('board_needs', 'leaderboard --methods maskclip --datasets toy '
        '--cfg-options needs=words', says('needs must be one of')),
    Row('board_option', 'leaderboard --methods maskclip --datasets toy '
        '--cfg-options modl.x=1', says("'modl'")),
    Row('board_work_dir', 'leaderboard --methods maskclip --datasets toy '
        '--work-dir {text_file}', says('note.jpg')),
    Row('board_launcher', 'leaderboard --methods maskclip --datasets toy '
        '--launcher ssh', usage("invalid choice: 'ssh'")),
    # ----------------------------------------------------------- corruptions
    Row('corrupt_nothing', 'corruptions', usage('configs|CONFIG')),
    Row('corrupt_kind', 'corruptions maskclip_toy --kinds blurr',
        says('blur')),
    Row('corrupt_level_0', 'corruptions maskclip_toy --levels 0',
        says('in .1, 5.')),
    Row('corrupt_level_6', 'corruptions maskclip_toy --levels 1 6',
        says('in .1, 5.')),
    Row('corrupt_level_word', 'corruptions maskclip_toy --levels strong',
        usage('invalid int value')),
    Row('corrupt_twice', 'corruptions maskclip_toy maskclip_toy --kinds '
        'spatter', says('maskclip_toy')),
    Row('corrupt_config', 'corruptions maskclip_tpy', says('maskclip_toy')),
    Row('corrupt_data', 'corruptions maskclip_toy --kinds spatter '
        '--levels 1 --data-root gone', says('gone')),
    Row('corrupt_out', 'corruptions maskclip_toy --kinds spatter --levels 1 '
        '--data-root {toy} --out {text_file}', says('note.jpg')),
    # ------------------------------------------------------------- benchmark
    Row('time_nothing', 'benchmark', usage('config|CONFIG')),
    *(Row(f'time_size_{value or "empty"}', 'benchmark maskclip_toy --random '
          f'--size "{value}"', says('WIDTHxHEIGHT'))
      for value in ('500', '500x', '0x10', '5 x 5', 'axb', '1e2x9')),
    *(Row(f'time_{name}_{value}', 'benchmark maskclip_toy --random --size '
          f'32x32 --{name} {value}', says(name.replace('-', '.')))
      for name, value in (('images', 0), ('images', -1), ('warmup', 0),
                          ('num-classes', 0), ('num-classes', -3))),
    Row('time_size_negative', 'benchmark maskclip_toy --size -5x5',
        usage('expected one argument')),
    Row('time_two_sources', 'benchmark maskclip_toy --size 9x9 --photos x',
        usage('not allowed with')),
    Row('time_classes_of_data', 'benchmark maskclip_toy --num-classes 3',
        says('--photos|photos')),
    Row('time_against', 'benchmark maskclip_toy --random --size 32x32 '
        '--against maskclip_tpy', says('maskclip_toy')),
    Row('time_photos_gone', 'benchmark maskclip_toy --random --photos gone',
        says('gone')),
    Row('time_photos_none', 'benchmark maskclip_toy --random --photos '
        '{empty_folder}', says('nothing')),
    Row('time_out', 'benchmark maskclip_toy --random --size 32x32 --images 1 '
        '--warmup 1 --out {empty_folder}', says('nothing')),
    *(Row(f'time_{name}', 'benchmark maskclip_toy --random --size 32x32 '
          f'{options}', says(said)) for name, options, said in (
        ('no_threads', '--threads 0', 'threads.* 0'),
        ('another_folder', '--against-checkout {photos}', 'no checkout'),
        ('no_folder', '--against-checkout gone', 'gone is no checkout'),
        ('three_sides', '--against-checkout x --against clip_toy',
         'leave out'))),
    Row('time_checkout_of_a_student', 'benchmark maskclip_plus_toy --random '
        '--size 32x32 --against-checkout .', says('checkout|words')),
    # ------------------------------------------------------------------ demo
    Row('demo_data', 'demo --data-root {photos}', says('photos')),
    Row('demo_work_dir', 'demo --data-root {toy} --work-dir {text_file}',
        says('note.jpg|toy')),
]


@prepared
def settings_file(folder):
    """Toy scenes whose settings file is a list."""
    (folder / 'toy_scenes.json').write_text(json.dumps([1, 2]))
    return folder


ROWS += [
    Row('toy_settings_are_a_list', f'{TOYS} --out {{settings_file}}',
        says('settings_file')),
]

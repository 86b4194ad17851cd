"""ImageNet weights that the training of a student starts from."""
import os
from http.client import HTTPException
from pathlib import Path

import torch
from mmengine.logging import print_log
from mmengine.model import PretrainedInit
from mmengine.runner import checkpoint as mmengine_checkpoint
from mmseg.registry import MODELS

from mmseg_clipzs.checkpoints import (
    answer,
    cached_file,
    check_kinds,
    load_checkpoint_file,
    reason,
)
from mmseg_clipzs.utils import UserError, check_is_file

from .segmentor import has_vocabulary, segmentor_of

_TOLERANCE = 0.1  # share of a backbone's entries; a stem has 5 or 15
_COUNTER = 'num_batches_tracked'
_HELP = ('--student-weights FILE reads another file, --student-weights none '
         'trains from random weights.')


def student_of(cfg):
    """Find the stock segmentor that a config trains.

    Args:
        cfg (Config): With ``model``.

    Returns:
        ConfigDict | None: Of MaskCLIP+'s student, or of mmseg's own models.
    """
    model = segmentor_of(cfg)
    if 'student' in model:
        return model.student
    if has_vocabulary(model) or 'backbone' not in model:
        return None
    return model


def set_student_weights(cfg, name, source):
    """Choose what the student's backbone starts from.

    Args:
        cfg (Config): Modified in place.
        name (str): The config's, for messages.
        source (str): A file, or 'none' for random weights. The file holds
            the backbone, or a segmentor or classifier with one.

    Raises:
        UserError: No student, no such file, or weights of another backbone.
    """
    student = student_of(cfg)
    if student is None:
        raise UserError(f'{name} has no student whose weights '
                        '--student-weights could replace.')
    for _, part, _ in _pretrained(student):
        _forget(part)
    if source == 'none':
        return
    prefix = _find_prefix(source, student.backbone)
    student.backbone.init_cfg = dict(
        type='Pretrained', checkpoint=str(source),
        **(dict(prefix=prefix) if prefix else {}))


def check_student_weights(cfg, name, resumes=False):
    """Check that the student's weights are at hand before anything is built.

    Weights that a checkpoint replaces anyway are not demanded.

    Args:
        cfg (Config): Modified in place: missing weights that are not needed
            are taken out.
        name (str): The config's, for messages.
        resumes (bool): Training continues from a checkpoint.

    Raises:
        UserError: A missing file, or one that cannot be downloaded.
    """
    student = student_of(cfg)
    if student is None:
        return
    outer = 'student.' if student is not segmentor_of(cfg) else ''
    for path, part, source in _pretrained(student):
        address = _resolve(source)
        is_url = address.startswith(('http://', 'https://'))
        if '://' in address and not is_url:
            continue  # s3:// and others
        file = cached_file(address) if is_url else Path(address).expanduser()
        if os.path.exists(file):
            check_is_file(file, 'weights of the student')
            continue
        if resumes or _holds(cfg.get('load_from'), f'{outer}{path}'):
            _forget(part)
            continue
        where = f'has no weights to start from: there is no {file}'
        if not is_url:
            raise UserError(f'The student of {name} {where}. {_HELP}')
        error = _unreachable(address)
        if error:
            raise UserError(
                f'The student of {name} {where} and cannot be downloaded from '
                f'{address} ({error}). Without a network, copy the file '
                f'to {file}; {_HELP}')


def _pretrained(student):
    """list[tuple]: Name of each module that starts from a checkpoint, its
    config and the checkpoint."""
    found = []

    def search(part, path):
        if isinstance(part, (list, tuple)):
            part = dict(enumerate(part))
        elif not isinstance(part, dict):
            return
        inits = part.get('init_cfg') or []
        for init in [inits] if isinstance(inits, dict) else inits:
            if _is_pretrained(init):
                found.append((path, part, init['checkpoint']))
        # mmseg's older spelling, of a segmentor or a backbone.
        if path in ('', 'backbone') and part.get('pretrained'):
            found.append(('backbone', part, part['pretrained']))
        for key, value in part.items():
            if key != 'init_cfg':
                search(value, f'{path}.{key}' if path else f'{key}')

    search(student, '')
    return found


def _is_pretrained(init):
    return init.get('type') in ('Pretrained', PretrainedInit)


def _forget(part):
    """Let a module start from random weights."""
    inits = part.get('init_cfg')
    if isinstance(inits, dict) and _is_pretrained(inits):
        part['init_cfg'] = None
    elif isinstance(inits, (list, tuple)):
        part['init_cfg'] = [
            init for init in inits if not _is_pretrained(init)] or None
    part.pop('pretrained', None)


def _resolve(source):
    """str: Address or path behind an alias of mmengine's model zoos."""
    scheme, _, key = source.partition('://')
    if scheme in ('open-mmlab', 'openmmlab'):
        files = mmengine_checkpoint.get_external_models()
        key = mmengine_checkpoint.get_deprecated_model_names().get(key, key)
    elif scheme in ('torchvision', 'modelzoo'):
        files = mmengine_checkpoint.get_torchvision_models()
    elif scheme == 'mmcls':
        files = mmengine_checkpoint.get_mmcls_models()
    else:
        return source
    if key not in files:
        raise UserError(f'mmengine knows no weights {source}. {_HELP}')
    if '://' in files[key]:
        return files[key]
    home = mmengine_checkpoint._get_mmengine_home()
    return str(Path(home) / files[key])


def _holds(load_from, name):
    """bool: Whether the checkpoint of a run has weights of a module."""
    if not load_from:
        return False
    return any(key.startswith(f'{name}.') for key in _weights(
        mmengine_checkpoint._load_checkpoint(load_from, 'cpu')))


def _weights(checkpoint):
    """dict[str, Tensor]: Those of a loaded file, empty if it has none."""
    if isinstance(checkpoint, dict):
        checkpoint = checkpoint.get('state_dict', checkpoint)
    items = checkpoint.items() if isinstance(checkpoint, dict) else ()
    return {key: value for key, value in items
            if isinstance(key, str) and isinstance(value, torch.Tensor)}


def _unreachable(address):
    """str | None: Why an address does not answer, within seconds."""
    try:
        answer(address).close()
    except (OSError, ValueError, HTTPException) as e:
        return reason(e)
    return None


def _find_prefix(path, backbone):
    """Find a backbone's weights in a file.

    Args:
        path (str): The file.
        backbone (dict): Config of the backbone.

    Returns:
        str: What precedes the names in the file.

    Raises:
        UserError: No such file, or weights of another backbone.
    """
    if not os.path.exists(os.path.expanduser(path)):
        raise UserError(f'No student weights at {path}. {_HELP}')
    state = {key.removeprefix('module.'): value for key, value
             in _weights(load_checkpoint_file(path)).items()}
    wanted = {
        key: value for key, value in MODELS.build(
            {**backbone, 'init_cfg': None}).state_dict().items()
        if not key.endswith(_COUNTER)}
    fitting = {prefix: sum(
        f'{prefix}{key}' in state and state[f'{prefix}{key}'].shape
        == value.shape for key, value in wanted.items())
        for prefix in ('', 'backbone.', 'student.backbone.')}
    prefix = max(fitting, key=fitting.get)
    said = (f'{fitting[prefix]} of {len(wanted)} entries of the student\'s '
            f'{backbone.type} are in {path}')
    if fitting[prefix] < (1 - _TOLERANCE) * len(wanted):
        raise UserError(f'Only {said}, which holds weights of another '
                        f'architecture ({len(state)} entries).')
    # Not the classifier's or another stem's.
    layers = {key.partition('.')[0] for key in wanted}
    names = [key.removeprefix(prefix) for key in state
             if key.startswith(prefix) and not key.endswith(_COUNTER)]
    surplus = [name for name in names if name not in wanted
               and name.partition('.')[0] in layers]
    if len(surplus) > _TOLERANCE * len(wanted):
        raise UserError(
            f'{said}, which holds weights of a larger architecture: it has '
            f'{len(surplus)} more entries of the same layers, such as '
            f'{surplus[0]}.')
    check_kinds(path, state, {f'{prefix}{key}': value
                              for key, value in wanted.items()})
    print_log(f'{said}.', logger='current')
    return prefix

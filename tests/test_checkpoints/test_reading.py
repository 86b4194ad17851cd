import importlib
import os
import pickle
import subprocess
from collections import Counter, OrderedDict, defaultdict

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmengine.runner.checkpoint import _load_checkpoint
from programs import Program
from torch import nn

from mmseg_clipzs import checkpoints
from mmseg_clipzs.utils import UserError


# ------------------------------------------------- mmengine's checkpoints
class Regression(BaseModel):

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Linear(3, 1)

    def forward(self, inputs, mode='tensor'):
        loss = self.layer(torch.stack(inputs)).square().mean()
        return dict(loss=loss) if mode == 'loss' else loss


def _runner(work_dir, iterations, **settings):
    return Runner(
        model=Regression(),
        work_dir=str(work_dir),
        train_dataloader=dict(
            batch_size=2, num_workers=0,
            sampler=dict(type='InfiniteSampler', shuffle=False),
            dataset=[dict(inputs=torch.linspace(i, 1, 3)) for i in range(4)]),
        train_cfg=dict(by_epoch=False, max_iters=iterations),
        optim_wrapper=dict(
            optimizer=dict(type='SGD', lr=0.1, momentum=0.9)),
        param_scheduler=dict(type='LinearLR', end=3, by_epoch=False),
        default_hooks=dict(
            logger=dict(type='LoggerHook', interval=1),
            checkpoint=dict(
                type='CheckpointHook', interval=1, by_epoch=False)),
        default_scope='mmseg',
        experiment_name=f'checkpoints-{iterations}',
        log_level='ERROR',
        **settings)


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """A runner after two iterations and its checkpoint."""
    runner = _runner(tmp_path_factory.mktemp('train'), 2)
    runner.train()
    return runner, os.path.join(runner.work_dir, 'iter_2.pth')


def test_own_checkpoint_loads(trained):
    runner, path = trained
    checkpoint = _load_checkpoint(path)
    for key, value in runner.model.state_dict().items():
        torch.testing.assert_close(
            checkpoint['state_dict'][key], value.cpu(), rtol=0, atol=0)
    history = checkpoint['message_hub']['log_scalars']['train/loss']
    assert isinstance(history, HistoryBuffer)
    assert len(history.data[0]) == 2 and history.mean(2) > 0
    assert checkpoint['optimizer']['state'][0]['momentum_buffer'].shape == (
        1, 3)
    assert checkpoint['param_schedulers']


def test_own_checkpoint_resumes(trained, tmp_path):
    runner, path = trained
    resumed = _runner(tmp_path, 3, load_from=path, resume=True)
    resumed.load_or_resume()
    assert resumed.iter == 2
    assert torch.equal(resumed.model.layer.weight.cpu(),
                       runner.model.layer.weight.cpu())
    assert resumed.message_hub.get_scalar('train/loss').data[0].size == 2
    resumed.train()
    assert resumed.iter == 3
    assert not torch.equal(resumed.model.layer.weight.cpu(),
                           runner.model.layer.weight.cpu())


@pytest.mark.parametrize('value', [
    torch.arange(6.).view(2, 3).T, torch.tensor(1j), torch.tensor([True]),
    torch.ones(2, dtype=torch.bfloat16), nn.Parameter(torch.ones(2)),
    np.arange(6, dtype=np.int16).reshape(2, 3), np.float64(1.5),
    np.array(['cat']), torch.Size([1, 2]), torch.float16,
    torch.device('cpu'), {1, 2}, slice(1, 2), 1j, b'bytes', bytearray(b'x'),
    OrderedDict(a=1), defaultdict(int, a=1), Counter('aab'), None
], ids=lambda value: type(value).__name__)
@pytest.mark.parametrize('zip_format', [True, False])
def test_plain_data_loads(tmp_path, value, zip_format):
    torch.save(dict(value=value, state_dict={}), tmp_path / 'x.pth',
               _use_new_zipfile_serialization=zip_format)
    got = checkpoints.load_checkpoint_file(tmp_path / 'x.pth')['value']
    assert type(got) is type(value)
    if isinstance(value, torch.Tensor):
        assert torch.equal(got, value)
    else:
        assert np.array_equal(got, value)


# ------------------------------------------------------ files that run code
class Call:
    """Unpickles as ``function(*arguments)``."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


# Calls that could create the file "victim", and the error message.
ATTACKS = {
    'os.system': (
        lambda victim: Call(os.system, f'touch {victim}'), 'system'),
    'eval': (lambda victim: Call(eval, f'open({victim!r}, "w")'),
             'builtins.eval'),
    'exec': (lambda victim: Call(exec, f'open({victim!r}, "w")'),
             'builtins.exec'),
    'open': (lambda victim: Call(open, victim, 'w'), 'io.open'),
    'subprocess': (
        lambda victim: Call(subprocess.check_call, ['touch', victim]),
        'check_call'),
    'getattr': (
        lambda victim: Call(getattr, HistoryBuffer, '__init__'),
        'getattr.*__init__'),
    'getattr of a tensor': (
        lambda victim: Call(getattr, torch.Tensor, '__init_subclass__'),
        'getattr.*__init_subclass__'),
    'getattr chain': (
        lambda victim: Call(
            getattr, Call(getattr, HistoryBuffer, 'mean'), '__globals__'),
        'getattr.*__globals__'),
    'hub': (lambda victim: Call(torch.hub.load, 'someone/something', 'main'),
            'torch.hub.load'),
    'nested load': (
        lambda victim: Call(
            torch.storage._load_from_bytes,
            pickle.dumps(Call(os.system, f'touch {victim}'))),
        'torch.storage._load_from_bytes'),
    'from_file': (
        lambda victim: Call(torch.from_file, victim, True, 16),
        'torch._C._VariableFunctionsClass'),
    'import': (lambda victim: Call(importlib.import_module, 'this'),
               'importlib.import_module'),
    'module': (lambda victim: nn.Linear(2, 2), 'torch.nn.modules'),
}


def _write(path, content, form):
    if form == 'pickle':
        path.write_bytes(pickle.dumps(content))
    else:
        torch.save(content, path,
                   _use_new_zipfile_serialization=form == 'zip')


@pytest.mark.parametrize('form', ['zip', 'legacy', 'pickle'])
@pytest.mark.parametrize('attack', ATTACKS)
def test_code_is_refused(tmp_path, attack, form):
    make, message = ATTACKS[attack]
    victim = tmp_path / 'victim'
    path = tmp_path / 'evil.pth'
    _write(path, dict(state_dict={}, meta=[make(str(victim))]), form)
    with pytest.raises(UserError, match=(
            f'evil.pth was not loaded: .*{message}.*can run code are '
            'refused.*safetensors')):
        _load_checkpoint(str(path))
    assert not victim.exists()


def test_the_attacks_are_real(tmp_path):
    """Unrestricted, the first call does create its file."""
    victim = tmp_path / 'victim'
    pickle.loads(pickle.dumps(ATTACKS['os.system'][0](str(victim))))
    assert victim.exists()


def _global(module, name, *arguments):
    """A pickle that calls ``module.name``; the name may have dots."""
    names = b''.join(b'\x8c' + bytes([len(part)]) + part.encode()
                     for part in (module, name))
    return (b'\x80\x04' + names + b'\x93'
            + pickle.dumps(arguments, 2)[2:-1] + b'R.')


@pytest.mark.parametrize('module, name, arguments', [
    ('torch', 'storage.UntypedStorage.from_file', ('{victim}', True, 16)),
    ('torch', 'os.system', ('touch {victim}', )),
    ('torch.storage', 'UntypedStorage.from_file', ('{victim}', True, 16)),
    ('collections', 'OrderedDict.fromkeys.__self__', ()),
    ('builtins', 'getattr.__call__', (int, 'real')),
    ('__builtin__', 'eval', ('open("{victim}", "w")', )),
    ('numpy.dtypes', '__builtins__.eval', ('open("{victim}", "w")', )),
    ('numpy', 'dtype.__class__.mro', ()),
])
def test_dotted_names_are_refused(tmp_path, module, name, arguments):
    victim = tmp_path / 'victim'
    arguments = tuple(
        a.format(victim=victim) if isinstance(a, str) else a
        for a in arguments)
    path = tmp_path / 'evil.pth'
    path.write_bytes(_global(module, name, *arguments))
    with pytest.raises(UserError, match='was not loaded'):
        checkpoints.load_checkpoint_file(path)
    assert not victim.exists()


def test_torchscript_is_refused(tmp_path):
    """torch.load would pass it to torch.jit.load, which runs its code."""
    victim = tmp_path / 'victim'
    torch.jit.script(Program(str(victim))).save(str(tmp_path / 'evil.pth'))
    with pytest.raises(UserError, match='TorchScript'):
        checkpoints.load_checkpoint_file(tmp_path / 'evil.pth')
    assert not victim.exists()


# --------------------------------------------------------- unreadable files
@pytest.mark.parametrize('form', ['zip', 'legacy'])
@pytest.mark.parametrize('share', [0, .001, .3, .7, .99])
def test_truncated_file(tmp_path, form, share):
    path = tmp_path / 'part.pth'
    weights = torch.linspace(-1, 1, 10000).view(100, 100)
    _write(path, dict(state_dict=dict(a=weights)), form)
    whole = path.read_bytes()
    path.write_bytes(whole[:int(share * len(whole))])
    with pytest.raises(UserError, match=(
            r'part.pth \([\d,]+ bytes\) cannot be read as a checkpoint: .* '
            'Is the download complete')):
        checkpoints.load_checkpoint_file(path)


@pytest.mark.parametrize('content', [
    b'<!DOCTYPE html><html>404</html>', b'version https://git-lfs.github.com',
    b'\x89PNG\r\n\x1a\n' + bytes(100), bytes(1000), b'PK\x03\x04' + bytes(99)])
def test_no_checkpoint(tmp_path, content):
    path = tmp_path / 'page.pth'
    path.write_bytes(content)
    with pytest.raises(UserError, match='page.pth .* cannot be read as a '):
        checkpoints.load_checkpoint_file(path)


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match='No checkpoint file at .*no.'):
        _load_checkpoint(str(tmp_path / 'no.pth'))


def test_web_address_is_downloaded_once(tmp_path, monkeypatch):
    def download(url, target):
        asked.append(url)
        torch.save(dict(a=torch.ones(1)), target)

    asked = []
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, 'download_url_to_file', download)
    for _ in range(2):
        got = _load_checkpoint('https://example.invalid/a/x.pth?key=1')
        assert got['a'] == 1
    assert asked == ['https://example.invalid/a/x.pth?key=1']
    assert (tmp_path / 'checkpoints/x.pth').is_file()


def test_web_address_is_restricted(tmp_path, monkeypatch):
    victim = tmp_path / 'victim'
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path))
    monkeypatch.setattr(
        torch.hub, 'download_url_to_file', lambda url, target: torch.save(
            [Call(os.system, f'touch {victim}')], target))
    with pytest.raises(UserError, match='was not loaded'):
        _load_checkpoint('https://example.invalid/evil.pth')
    assert not victim.exists()


def test_no_network(tmp_path, monkeypatch):
    """The address, and where a copy of the file would be found."""
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path))
    address = 'http://127.0.0.1:9/a/x.pth?key=1'
    for name in ('http_proxy', 'all_proxy'):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UserError) as info:
        _load_checkpoint(address)
    for part in (f'x.pth could not be downloaded from {address} (', 'refused',
                 f'copy the file to {tmp_path / "checkpoints"}.'):
        assert part in str(info.value)
    torch.save(dict(a=1), tmp_path / 'checkpoints/x.pth')
    assert _load_checkpoint(address) == dict(a=1)

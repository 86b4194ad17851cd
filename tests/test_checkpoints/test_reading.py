import importlib
import os
import pickle
import subprocess
import tracemalloc
import zipfile
from collections import Counter, OrderedDict, defaultdict
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from hostile_files import as_zip, global_, plain, program
from mmengine.config import ConfigDict
from mmengine.logging import HistoryBuffer
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmengine.runner.checkpoint import _load_checkpoint
from programs import Program
from safetensors.torch import save_file
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
    np.arange(6.).reshape(2, 3).T, np.ones(2, '>f4'), np.zeros((0, 3)),
    np.array(2.5), np.float32(.1), np.int64(-7), np.bool_(True),
    np.array([1j, 2]), np.str_('cat'),
    torch.device('cpu'), {1, 2}, 1j, b'bytes', bytearray(b'x'), 10**30,
    OrderedDict(a=1), Counter('aab'), None, ConfigDict(a=[dict(b=1)]),
    (1, [2, (3., 'x')])
], ids=lambda value: type(value).__name__)
@pytest.mark.parametrize('zip_format', [True, False])
def test_plain_data_loads(tmp_path, value, zip_format):
    torch.save(dict(value=value, state_dict={}), tmp_path / 'x.pth',
               _use_new_zipfile_serialization=zip_format)
    got = checkpoints.load_checkpoint_file(tmp_path / 'x.pth')['value']
    assert type(got) is type(value)
    if isinstance(value, torch.Tensor):
        assert torch.equal(got, value)
    elif isinstance(value, tuple):
        assert got == value
    else:
        assert np.array_equal(got, value)
    if isinstance(value, np.ndarray):
        assert got.dtype == value.dtype


def test_shared_and_nested_values(tmp_path):
    """Arrays in containers, shared objects and a defaultdict."""
    array, shared = np.arange(3), [np.ones(2)]
    torch.save(dict(a=[(array, dict(b=array))], x=shared, y=shared,
                    z=defaultdict(list, k=[1])), tmp_path / 'x.pth')
    got = checkpoints.load_checkpoint_file(tmp_path / 'x.pth')
    inner, table = got['a'][0]
    assert inner is table['b'] and np.array_equal(inner, array)
    assert got['x'] is got['y'] and np.array_equal(got['x'][0], [1, 1])
    assert got['z'] == {'k': [1]}


def test_views_share_their_storage(tmp_path):
    base = torch.arange(6.)
    for zip_format in (True, False):
        torch.save(dict(a=base[:4], b=base[2:]), tmp_path / 'x.pth',
                   _use_new_zipfile_serialization=zip_format)
        got = checkpoints.load_checkpoint_file(tmp_path / 'x.pth')
        got['a'][2] = 9
        assert got['b'].tolist() == [9, 3, 4, 5]


def test_safetensors_load(tmp_path):
    state = dict(a=torch.arange(3.), b=torch.ones(2, dtype=torch.bfloat16))
    save_file(state, tmp_path / 'x.pth')
    got = checkpoints.load_checkpoint_file(tmp_path / 'x.pth')
    assert got.keys() == state.keys()
    assert all(torch.equal(got[key], state[key]) for key in state)


def test_training_state_loads(tmp_path):
    """Optimizer, schedule and random state as mmengine saves them."""
    model = nn.Linear(2, 3)
    optimizer = torch.optim.AdamW(model.parameters(), lr=.1)
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 5)
    want = dict(
        state_dict=model.state_dict(), optimizer=optimizer.state_dict(),
        param_schedulers=[schedule.state_dict()],
        random_state=dict(torch=torch.get_rng_state()),
        meta=dict(dataset_meta=dict(classes=('a', 'b'), palette=[[1, 2, 3]])))
    torch.save(want, tmp_path / 'x.pth')
    got = checkpoints.load_checkpoint_file(tmp_path / 'x.pth')
    assert got['meta'] == want['meta']
    assert got['param_schedulers'] == want['param_schedulers']
    torch.testing.assert_close(got['optimizer'], want['optimizer'])
    torch.testing.assert_close(got['random_state'], want['random_state'])
    assert got['state_dict']._metadata == want['state_dict']._metadata


def test_threads_load_at_once(tmp_path):
    """torch's list of safe names is shared by all threads."""
    torch.save(dict(a=[np.float64(i) for i in range(300)]), tmp_path / 'x.pth')
    before = set(torch.serialization.get_safe_globals())
    with ThreadPoolExecutor(8) as pool:
        for got in pool.map(checkpoints.load_checkpoint_file,
                            [tmp_path / 'x.pth'] * 40):
            assert len(got['a']) == 300
    assert set(torch.serialization.get_safe_globals()) == before


def test_memory_does_not_grow_to_a_multiple(tmp_path):
    torch.save(dict(a=torch.zeros(2**23)), tmp_path / 'x.pth')  # 32 MiB
    torch.jit.script(Buffer(2**23)).save(str(tmp_path / 'x.pt'))
    for read in (lambda: checkpoints.load_checkpoint_file(tmp_path / 'x.pth'),
                 lambda: checkpoints.read_torchscript(tmp_path / 'x.pt')):
        tracemalloc.start()  # of Python, without the tensors themselves
        read()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 2**24


class Buffer(nn.Module):

    def __init__(self, size):
        super().__init__()
        self.register_buffer('a', torch.zeros(size))

    def forward(self, x):
        return x


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
    torch.save(content, path, _use_new_zipfile_serialization=form == 'zip')


@pytest.mark.parametrize('form', ['zip', 'legacy'])
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
    as_zip(path, program(global_(f'{module}.{name}'), plain(arguments), b'R'))
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
@pytest.mark.parametrize('share', [.001, .3, .7, .99])
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


@pytest.mark.parametrize('content, what', [
    (b'', 'empty'),
    (b'<!DOCTYPE html><html>404</html>', 'a web page'),
    (b'\n  <?xml version="1.0"?>', 'a web page'),
    (b'version https://git-lfs.github.com/spec/v1', 'a Git LFS pointer'),
    (b'import os\nx = 1\n', 'text'), (b'{"weight_map": {}}\n', 'text'),
    (b'\x1f\x8b\x08' + bytes(9), 'compressed; unpack it first'),
    (b'\x89HDF\r\n\x1a\n', 'an HDF5 file'),
    (b'\x93NUMPY\1\0', 'an array of NumPy'),
    (pickle.dumps({}), 'a pickle that torch.save has not written'),
    (b'\x89PNG\r\n\x1a\n' + bytes(100), 'of an unknown format'),
    (bytes(1000), 'of an unknown format')])
def test_no_checkpoint(tmp_path, content, what):
    path = tmp_path / 'page.pth'
    path.write_bytes(content)
    with pytest.raises(UserError, match=f'page.pth .*is {what}.*; expected'):
        checkpoints.load_checkpoint_file(path)


def test_zip_of_something_else(tmp_path):
    with zipfile.ZipFile(tmp_path / 'x.pth', 'w') as archive:
        archive.writestr('word/document.xml', '<x/>')
    with pytest.raises(UserError, match='x.pth .* cannot be read as a check'):
        checkpoints.load_checkpoint_file(tmp_path / 'x.pth')


def test_another_pickle_protocol(tmp_path):
    torch.save({}, tmp_path / 'x.pth', pickle_protocol=4)
    with pytest.raises(UserError, match='another pickle_protocol than 2'):
        checkpoints.load_checkpoint_file(tmp_path / 'x.pth')


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match='No file at .*no.pth; expec'):
        _load_checkpoint(str(tmp_path / 'no.pth'))


# ---------------------------------------------------- weights, classes, code
@pytest.mark.parametrize('wrap', [
    dict, lambda **state: dict(state_dict=state, epoch=1),
    lambda **state: dict(model=state, optimizer={})])
@pytest.mark.parametrize('value', [
    torch.tensor([1, torch.nan]), torch.tensor([[-torch.inf]]),
    torch.tensor([1e300], dtype=torch.float64),
    torch.tensor([torch.inf], dtype=torch.bfloat16)])
def test_weights_that_are_not_finite(tmp_path, wrap, value):
    torch.save(wrap(a=torch.ones(2), b=value), tmp_path / 'x.pth')
    with pytest.raises(UserError, match="x.pth holds numbers in 'b' that are "
                       'NaN, infinite or too large'):
        checkpoints.load_checkpoint_file(tmp_path / 'x.pth')


def test_masks_may_be_infinite(tmp_path):
    """OpenAI's archives contain the causal mask of the text tower."""
    torch.save({'attn_mask': torch.full((2, 2), -torch.inf),
                'none': torch.ones(0)}, tmp_path / 'x.pth')
    assert len(checkpoints.load_checkpoint_file(tmp_path / 'x.pth')) == 2


@pytest.mark.parametrize('places', [
    dict(meta=dict(config='{code}')), dict(meta=dict(cfg='{code}')),
    dict(message_hub=dict(runtime_info=dict(cfg='{code}')))])
def test_source_of_a_config_is_left_out(tmp_path, places):
    """mmengine's Runner and its inferencers would run it."""
    torch.save(dict(state_dict={}, meta=dict(iter=3), message_hub=dict(
        runtime_info=dict(max_iters=7))) | places, tmp_path / 'x.pth')
    got = _load_checkpoint(str(tmp_path / 'x.pth'))
    assert '{code}' not in repr(got) and 'state_dict' in got


def test_resume_runs_no_code(trained, tmp_path):
    """With mmengine's own Runner; once the config did run."""
    _, path = trained
    checkpoint = torch.load(path, weights_only=False)
    victim = tmp_path / 'victim'
    checkpoint['meta']['config'] = f'x = open({str(victim)!r}, "w")'
    checkpoint['message_hub']['runtime_info']['cfg'] = (
        checkpoint['meta']['config'])
    torch.save(checkpoint, tmp_path / 'iter_2.pth')
    runner = _runner(tmp_path / 'run', 3, resume=True,
                     load_from=str(tmp_path / 'iter_2.pth'))
    runner.train()
    assert runner.iter == 3 and not victim.exists()
    saved = torch.load(tmp_path / 'run/iter_3.pth', weights_only=False)
    assert str(victim) not in saved['message_hub']['runtime_info']['cfg']


@pytest.mark.parametrize('meta, classes', [
    ({}, None), (dict(dataset_meta=dict(classes=['a', 'b'])), ('a', 'b')),
    (dict(CLASSES=('a', ), PALETTE=[[1, 2, 3]]), ('a', )), (5, None)])
def test_classes_of_a_checkpoint(meta, classes):
    found = checkpoints.dataset_meta_of(dict(meta=meta))
    assert found.get('classes') == classes


@pytest.mark.parametrize('palette', [
    'red', [[1, 2]], [[1, 2, 999]], np.full((2, 3), .5), [['a'] * 3] * 2])
def test_palette_that_is_none(palette):
    meta = dict(classes=['a', 'b'], palette=palette)
    assert checkpoints.dataset_meta_of(dict(meta=dict(dataset_meta=meta))) == (
        dict(classes=('a', 'b')))


@pytest.mark.parametrize('meta', [
    dict(dataset_meta='voc.txt'), dict(dataset_meta=dict(classes='voc.txt')),
    dict(dataset_meta=dict(classes=[1, 2]))])
def test_classes_that_are_no_names(meta):
    with pytest.raises(UserError, match='must name its classes'):
        checkpoints.dataset_meta_of(dict(meta=meta))


def test_words_are_no_file():
    """A vocabulary may be named by its file, but not by a checkpoint."""
    with pytest.raises(UserError, match='must be the words of each class'):
        checkpoints.trained_words(dict(meta=dict(vocabulary='words.txt')))
    words = {'cat': ['cat', 'kitten']}
    assert checkpoints.trained_words(dict(meta=dict(vocabulary=words))) == (
        words)


@pytest.mark.parametrize('checkpoint', [
    dict(state_dict=[1]), {1: torch.ones(1)}, [1], None, 'text'])
def test_no_weights(checkpoint):
    with pytest.raises(UserError, match='has no weights: expected names and'):
        checkpoints.weights_of(checkpoint)


@pytest.mark.parametrize('content', [
    dict(state_dict=[1]), [torch.ones(1)], torch.ones(1), 'text', {1: 2}])
def test_mmengine_gets_no_other_content(tmp_path, content):
    torch.save(content, tmp_path / 'x.pth')
    with pytest.raises(UserError, match='has no weights'):
        _load_checkpoint(str(tmp_path / 'x.pth'))


def test_entries_that_are_no_tensors():
    assert checkpoints.weights_of(dict(state_dict={
        'module.a': torch.ones(1), 'b': 'text', 'c': 5})).keys() == {'a'}


def test_a_plain_state_dict_in_mmseg(tmp_path):
    """mmseg's init_model asks for ``meta``."""
    torch.save(dict(a=torch.ones(1)), tmp_path / 'x.pth')
    got = _load_checkpoint(str(tmp_path / 'x.pth'))
    assert got == dict(state_dict=dict(a=torch.ones(1)), meta={})

import copy
import importlib
import inspect
import sys
import types
from importlib.util import find_spec

import mmcv
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mmseg_clipzs import compat

lite = pytest.mark.skipif(
    find_spec('mmcv._ext') is not None,
    reason='mmcv has its compiled operations')


# --------------------------------------------------------------- versions
@pytest.mark.parametrize('module, version, install', [
    ('torch', '2.5.1+cpu', '"torch>=2.6"'),
    ('torch', '1.13.1', '"torch>=2.6"'),
    ('numpy', '1.25.2', '"numpy>=1.26"'),
    ('mmengine', '0.10.5', '"mmengine>=0.10.6,<1.0"'),
    ('mmengine', '1.0.0', '"mmengine>=0.10.6,<1.0"'),
    ('mmcv', '1.7.1', '"mmcv-lite>=2.0.0,<2.2.0"'),
    ('mmcv', '2.2.0', '"mmcv>=2.0.0,<2.2.0"'),
    ('mmseg', '0.30.0', '"mmsegmentation>=1.2.1,<2.0"'),
    ('mmseg', '1.2.0', '"mmsegmentation>=1.2.1,<2.0"'),
    ('mmseg', '2.0.0', '"mmsegmentation>=1.2.1,<2.0"'),
    ('open_clip', '2.23.0', '"open_clip_torch>=2.24"'),
])
def test_unsupported_version(monkeypatch, module, version, install):
    monkeypatch.setattr(importlib.import_module(module), '__version__',
                        version, raising=False)
    with pytest.raises(ImportError) as error:
        compat.check_versions()
    assert f'does not work with {module} {version}. ' in str(error.value)
    assert install in str(error.value)


@pytest.mark.parametrize('module, version', [
    ('torch', '2.6.0+cpu'), ('torch', '2.6.0a0+gitabc'),
    ('torch', '3.0.0.dev20300101+cu150'), ('numpy', '1.26.0'),
    ('numpy', '2.4.6'), ('mmcv', '2.1.0'), ('mmengine', '0.10.6'),
    ('mmseg', '1.2.2'), ('open_clip', '2.24.0'),
])
def test_supported_version(monkeypatch, module, version):
    monkeypatch.setattr(importlib.import_module(module), '__version__',
                        version, raising=False)
    compat.check_versions()


def test_forks_have_their_own_numbering(monkeypatch):
    """A fork of mmcv has another distribution name and higher versions."""
    monkeypatch.setattr(mmcv, '__version__', '2.3.1')
    monkeypatch.setattr(compat, '_has_distribution', lambda name: False)
    compat.check_versions()


@pytest.mark.parametrize('module', ['mmcv', 'mmengine', 'mmseg', 'open_clip'])
def test_missing_module(monkeypatch, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=(
            f'needs {module}, which cannot be imported .*Install ".*'
            r'pip install "mmseg_clipzs\[lite\]"')):
        compat.check_versions()


# --------------------------------------------------------------- mmcv.ops
@lite
@pytest.mark.parametrize('name', [
    'apis', 'datasets', 'engine', 'evaluation', 'models', 'structures',
    'utils', 'visualization'])
def test_mmseg_imports(name):
    importlib.import_module(f'mmseg.{name}')
    assert isinstance(sys.modules['mmcv.ops'], compat.OpsStandIn)


@pytest.mark.parametrize('align_corners', [False, True])
def test_point_sample(align_corners):
    torch.manual_seed(0)
    maps, points = torch.randn(2, 3, 5, 7), torch.rand(2, 4, 6, 2)
    want = F.grid_sample(
        maps, points * 2 - 1, align_corners=align_corners)  # (2, 3, 4, 6)
    got = compat.point_sample(maps, points, align_corners)
    torch.testing.assert_close(got, want)
    got = compat.point_sample(maps, points.flatten(1, 2), align_corners)
    torch.testing.assert_close(got, want.flatten(2))


@pytest.mark.parametrize('reduction', ['none', 'mean', 'sum'])
@pytest.mark.parametrize('weighted', [False, True])
def test_sigmoid_focal_loss(weighted, reduction):
    """Equation 5 of the paper (arXiv:1708.02002), element by element."""
    torch.manual_seed(0)
    gamma, alpha, classes = 1.5, 0.3, 4
    logits = 3 * torch.randn(6, classes)
    target = torch.tensor([0, 1, 2, 3, 4, 0])  # 4: no class
    weight = torch.rand(classes) if weighted else None
    want = torch.zeros(6, classes)
    for i in range(6):
        for c in range(classes):
            p = 1 / (1 + np.exp(-logits[i, c].item()))
            p_t, a_t = (p, alpha) if target[i] == c else (1 - p, 1 - alpha)
            want[i, c] = -a_t * (1 - p_t)**gamma * np.log(p_t)
            if weighted:
                want[i, c] *= weight[c]
    want = {'none': want, 'sum': want.sum(), 'mean': want.sum() / 6}[reduction]
    got = compat.sigmoid_focal_loss(
        logits, target, gamma, alpha, weight, reduction)
    torch.testing.assert_close(got, want)


def test_stand_in_refuses_other_names():
    ops = compat.OpsStandIn()
    with pytest.raises(ModuleNotFoundError,
                       match='mmcv.ops.nms is a compiled .* full mmcv'):
        ops.nms  # noqa: B018
    for name in ('__file__', '__wrapped__', '__deepcopy__'):
        with pytest.raises(AttributeError, match=name):
            getattr(ops, name)


@lite
def test_stand_in_in_place():
    with pytest.raises(ModuleNotFoundError, match='CrissCrossAttention'):
        from mmcv.ops import CrissCrossAttention  # noqa: F401
    from mmcv.ops import point_sample, sigmoid_focal_loss
    assert point_sample is mmcv.ops.point_sample is compat.point_sample
    assert sigmoid_focal_loss is compat.sigmoid_focal_loss
    # inspect looks up __file__ of every loaded module.
    assert inspect.getmodule(point_sample) is compat
    assert inspect.getmodule(test_stand_in_in_place).__name__ == __name__
    assert copy.copy(point_sample) is point_sample


@pytest.fixture
def no_ops(monkeypatch):
    monkeypatch.delitem(sys.modules, 'mmcv.ops', raising=False)
    monkeypatch.setattr(mmcv, 'ops', None, raising=False)


def test_stand_in_installed(no_ops, monkeypatch):
    monkeypatch.setattr(compat, 'find_spec', lambda name: None)
    compat.install_ops_stand_in()
    assert isinstance(sys.modules['mmcv.ops'], compat.OpsStandIn)
    assert mmcv.ops is sys.modules['mmcv.ops']


def test_no_stand_in_for_the_compiled_mmcv(no_ops, monkeypatch):
    monkeypatch.setattr(compat, 'find_spec', lambda name: object())
    compat.install_ops_stand_in()
    assert 'mmcv.ops' not in sys.modules and mmcv.ops is None


def test_no_stand_in_for_a_loaded_module(no_ops, monkeypatch):
    loaded = types.ModuleType('mmcv.ops')
    monkeypatch.setattr(compat, 'find_spec', lambda name: None)
    monkeypatch.setitem(sys.modules, 'mmcv.ops', loaded)
    compat.install_ops_stand_in()
    assert sys.modules['mmcv.ops'] is loaded


def test_notes_of_torchao_are_silent(capsys):
    import logging
    logger = logging.getLogger('torch.utils._pytree')
    logger.warning('Calling register_constant() on Enum subclasses')
    assert capsys.readouterr().err == ''
    assert logger.isEnabledFor(logging.ERROR)

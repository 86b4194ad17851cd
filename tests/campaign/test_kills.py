"""Killed programs lose nothing: a few here, hundreds with ``--campaign``."""
import pytest
from campaign.kills import PACKAGE, PROGRAMS, Kills

SUITE = ['text cache', 'segment', 'train']
COUNTS = {'text cache': 35, 'segment': 45, 'train': 40, 'leaderboard': 10,
          'corruptions': 12, 'shards': 35, 'toy scenes': 30, 'export': 20,
          'toy CLIP': 5}
assert set(COUNTS) == set(PROGRAMS)


def pytest_generate_tests(metafunc):
    if 'seed' not in metafunc.fixturenames:
        return
    option = metafunc.config.getoption
    first = option('--hypothesis-seed', None)
    first = int(first) if first and first.isdigit() else 0
    metafunc.parametrize('name, seed', [
        (name, first + i) for name in PROGRAMS for i in range(
            COUNTS[name] if option('--campaign', False)
            else name in SUITE)])


@pytest.fixture(scope='session')
def kills(inputs, tmp_path_factory, pytestconfig):
    if pytestconfig.getoption('--campaign', False):
        import processes
        processes._server.set_forkserver_preload(
            [*processes.LIBRARIES, *PACKAGE])
    return Kills(inputs, tmp_path_factory.mktemp('uninterrupted'))


@pytest.mark.slow
def test_kill(kills, name, seed, tmp_path, record_property):
    record_property('kill', kills.kill(name, seed, tmp_path))

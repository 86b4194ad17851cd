"""Shared inputs and the counts of the campaign."""
from collections import Counter

import pytest
from campaign.inputs import Inputs
from hypothesis import HealthCheck, settings

# The suite tries the same few examples each time, the campaign many others.
for name, examples, fixed in (('suite', 40, True), ('campaign', 2000, False)):
    settings.register_profile(
        name, max_examples=examples, derandomize=fixed, database=None,
        deadline=None, suppress_health_check=list(HealthCheck))


def pytest_addoption(parser):
    parser.addoption('--campaign', action='store_true',
                     help='print the counts of the campaign')


def pytest_configure(config):
    settings.load_profile(
        'campaign' if config.getoption('--campaign', False) else 'suite')


@pytest.fixture(scope='session')
def inputs(tmp_path_factory):
    return Inputs(tmp_path_factory.mktemp('inputs'))


def pytest_terminal_summary(terminalreporter, config):
    if not config.getoption('--campaign', False):
        return
    reports = [report for status in ('passed', 'failed')
               for report in terminalreporter.stats.get(status, [])]
    terminalreporter.section('campaign')
    for lines in (_rows(reports), _properties(reports), _kills(reports),
                  [f'Seed: {config.getoption("--hypothesis-seed")}.']):
        for line in lines:
            terminalreporter.write_line(line)


def _rows(reports):
    """Counts of rows by kind and outcome."""
    rows, faults = {}, Counter()
    for report in reports:
        if 'campaign/test_rows.py::test_row[' in report.nodeid:
            # A report of a process that died has no properties.
            kind, outcome, fault = dict(report.user_properties).get(
                'campaign', ('?', '?', 'crash'))
            rows.setdefault(kind, Counter())[fault or outcome] += 1
            faults[fault] += bool(fault)
    if not rows:
        return
    outcomes = ['one sentence', 'right result', 'warning', *sorted(
        fault for fault in faults if fault)]
    yield ' | '.join(['kind', 'tried', *outcomes])
    total = sum(rows.values(), Counter())
    for kind, counts in [*sorted(rows.items()), ('total', total)]:
        yield ' | '.join(map(str, [kind, counts.total(), *(
            counts[each] for each in outcomes)]))
    yield (f'Rows: {total.total()} tried: {total["one sentence"]} one '
           f'sentence, {total["right result"]} right result, '
           f'{total["warning"]} warning; {faults["traceback"]} tracebacks, '
           f'{faults["silent"]} silent, {faults["hang"]} hangs, '
           f'{faults["crash"]} crashes.')


def _properties(reports):
    results = Counter(report.outcome for report in reports
                      if '_properties.py::' in report.nodeid)
    if results:
        yield (f'Properties: {results["passed"]} hold, {results["failed"]} '
               f'fail, {settings().max_examples} examples each.')


def _kills(reports):
    """Counts of kills by program."""
    kills = {}
    for report in reports:
        if 'test_kills.py::test_kill[' in report.nodeid:
            name = report.nodeid.partition('[')[2].rpartition('-')[0]
            counts = kills.setdefault(name, Counter())
            happened = dict(report.user_properties).get('kill')
            if happened is None:
                counts['failed'] += 1
            elif happened['died']:
                counts[happened['signal']] += 1
                counts['some done'] += bool(happened['made'])
            else:
                counts['too late'] += 1
    columns = 'SIGKILL', 'SIGTERM', 'some done', 'too late', 'failed'
    if kills:
        yield ' | '.join(['program', *columns])
        kills['total'] = sum(kills.values(), Counter())
        for name, counts in kills.items():
            yield ' | '.join([name, *(str(counts[each]) for each in columns)])

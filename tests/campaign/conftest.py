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
    rows, faults = {}, Counter()
    for status in ('passed', 'failed'):
        for report in terminalreporter.stats.get(status, []):
            if 'campaign/test_rows.py::test_row[' not in report.nodeid:
                continue
            kind, outcome, fault = dict(report.user_properties).get(
                'campaign', ('?', '?', 'crash'))
            rows.setdefault(kind, Counter())[fault or outcome] += 1
            faults[fault] += bool(fault)
    if not rows:
        return
    outcomes = ['one sentence', 'right result', 'warning', *sorted(
        fault for fault in faults if fault)]
    write = terminalreporter.write_line
    terminalreporter.section('campaign')
    write(' | '.join(['kind', 'tried', *outcomes]))
    total = sum(rows.values(), Counter())
    for kind, counts in [*sorted(rows.items()), ('total', total)]:
        write(' | '.join(map(str, [kind, sum(counts.values()), *(
            counts[each] for each in outcomes)])))
    write(f'{total.total()} tried: {total["one sentence"]} one sentence, '
          f'{total["right result"]} right result, {total["warning"]} warning;'
          f' {faults["traceback"]} tracebacks, {faults["silent"]} silent, '
          f'{faults["hang"]} hangs, {faults["crash"]} crashes.')

"""Every row of the campaign gets its sentence, result or warning."""
import importlib
from collections import Counter
from pathlib import Path

import pytest
from campaign.runner import Box, judge

pytestmark = pytest.mark.usefixtures('one_thread')

TABLE = [
    pytest.param(kind, row, id=f'{kind}-{row.id}')
    for kind in sorted(path.stem.removeprefix('rows_')
                       for path in Path(__file__).parent.glob('rows_*.py'))
    for row in importlib.import_module(f'campaign.rows_{kind}').ROWS]


def test_ids_are_unique():
    counts = Counter(parameters.id for parameters in TABLE)
    assert max(counts.values()) == 1, counts.most_common(3)


@pytest.mark.parametrize('kind, row', TABLE)
def test_row(kind, row, inputs, tmp_path, record_property):
    fault, said = judge(row, Box(inputs, tmp_path))
    record_property('campaign', [kind, row.outcome.kind, fault])
    assert not fault, said

"""Several visitors at once."""
import pytest
from processes import ROOT, run_python


@pytest.mark.slow
def test_four_visitors():
    """Each for one round; see the script for the long form."""
    pytest.importorskip('gradio', reason='Gradio is not installed')
    done = run_python(ROOT / 'tests/test_web/visitors.py', '--visitors', 4,
                      '--seconds', 0)
    assert done.returncode == 0, done.stdout + done.stderr
    assert '| download | 4 |' in done.stdout

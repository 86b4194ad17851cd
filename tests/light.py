"""Command lines in one process that has none of the libraries."""
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
HEAVY = ['torch', 'mmengine', 'mmcv', 'mmseg', 'cv2', 'PIL', 'open_clip',
         'mmseg_clipzs']  # the last one is there when its __init__ has run
PROGRAM = '''
import contextlib, io, json, sys
import clipzs

heavy, lines = json.load(sys.stdin)
for arguments in lines:
    sys.argv = ['clipzs', *arguments]
    out, err, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            clipzs.main()
        except SystemExit as e:
            code = e.code
    print(json.dumps([code, out.getvalue(), err.getvalue(), [
        name for name in heavy if name in sys.modules]]))
'''


def run_light(lines, cwd=ROOT):
    """Run command lines that end before the libraries are imported.

    Args:
        lines (Sequence[Sequence[str]]): Arguments of ``clipzs``.
        cwd (Path): Working folder.

    Returns:
        list: For each the exit code or message, standard output and error,
        and the libraries that have been imported.
    """
    done = subprocess.run(
        [sys.executable, '-c', PROGRAM], input=json.dumps([HEAVY, lines]),
        text=True, capture_output=True, cwd=cwd, encoding='utf-8', env={
            'PYTHONPATH': str(ROOT), 'PYTHONIOENCODING': 'utf-8',
            'COLUMNS': '80'})
    assert done.returncode == 0, done.stderr
    return list(map(json.loads, done.stdout.splitlines()))

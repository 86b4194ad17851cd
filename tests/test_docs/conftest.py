"""The site, built once."""
import os
import shutil
import subprocess
import sys

import pytest

from .pages import ROOT


@pytest.fixture(scope='session')
def built(tmp_path_factory):
    """tuple[Path, str]: The folder of the site, and what MkDocs says."""
    folder = tmp_path_factory.mktemp('site') / 'site'
    done = subprocess.run(
        [sys.executable, '-m', 'mkdocs', 'build', '--strict', '--site-dir',
         folder], cwd=ROOT, capture_output=True, text=True,
        env=dict(os.environ, NO_MKDOCS_2_WARNING='1'))
    assert done.returncode == 0, done.stderr
    yield folder, done.stderr
    shutil.rmtree(folder)  # tens of megabytes


@pytest.fixture(scope='session')
def site(built):
    """Path: The folder of the site."""
    return built[0]

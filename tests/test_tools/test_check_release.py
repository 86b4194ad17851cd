"""tools/check_release.py: one version and date everywhere."""
import shutil

import check_release
import pytest
import yaml
from processes import run_python

from mmseg_clipzs.utils import UserError
from mmseg_clipzs.version import __version__

ROOT = check_release.ROOT
FILES = ('mmseg_clipzs/version.py', 'CITATION.cff', 'CHANGELOG.md')


@pytest.fixture
def checkout(tmp_path):
    """A copy of the files that name the version."""
    for name in FILES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def replace(path, old, new):
    text = path.read_text(encoding='utf-8')
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding='utf-8')


def test_this_version_may_be_released():
    entry = check_release.check_release(f'v{__version__}')
    assert entry.startswith('### Added\n') and '\n## ' not in entry
    assert '### Fixed' in entry


@pytest.mark.parametrize('name, old, new, message', [
    (FILES[0], __version__, '9.9.9', 'version.py names 9.9.9'),
    (FILES[1], f'version: {__version__}', 'version: 9.9', 'cff names 9.9;'),
    (FILES[1], 'date-released: 2', 'date-released: 1', 'CITATION.cff 1'),
    (FILES[1], 'date-released:', 'date:', 'CITATION.cff nothing'),
    (FILES[2], f'## {__version__}', '## Unreleased', 'names Unreleased;'),
    (FILES[2], f'## {__version__} (2', f'## {__version__} - (2',
     'not at all'),
    (FILES[2], '## ', '# ', 'CHANGELOG.md')])
def test_what_does_not_fit_is_named(checkout, name, old, new, message):
    check_release.check_release(f'v{__version__}', checkout)
    replace(checkout / name, old, new)
    with pytest.raises(UserError, match=message):
        check_release.check_release(f'v{__version__}', checkout)


def test_another_tag_is_refused():
    done = run_python(check_release.__file__, 'v9.9.9')
    assert done.returncode == 1 and not done.stdout
    assert done.stderr == (
        "error: The tag is 'v9.9.9', but mmseg_clipzs/version.py names "
        f'{__version__}; give both one version.\n')


def test_the_citation_has_what_its_format_needs():
    """Keys of the Citation File Format 1.2."""
    citation = yaml.safe_load(
        (ROOT / 'CITATION.cff').read_text(encoding='utf-8'))
    assert citation['cff-version'] == '1.2.0'
    assert {'message', 'title', 'authors'} < set(citation) <= {
        'abstract', 'authors', 'cff-version', 'date-released', 'keywords',
        'license', 'message', 'title', 'type', 'version'}
    assert citation['type'] == 'software'
    assert citation['authors'] == [{'name': 'The mmseg_clipzs authors'}]
    assert citation['version'] == __version__
    assert all(isinstance(each, str) for each in citation['keywords'])


def test_the_workflow_checks_before_it_publishes():
    """YAML reads the key ``on`` as True."""
    workflow = yaml.safe_load(
        (ROOT / '.github/workflows/release.yml').read_text(encoding='utf-8'))
    assert workflow[True] == {'push': {'tags': ['v*']}}
    build, publish = (workflow['jobs'][job] for job in ('build', 'publish'))
    steps = [step['run'] for step in build['steps'] if 'run' in step]
    check = next(i for i, each in enumerate(steps) if 'check_release' in each)
    assert check < steps.index('make dist')
    assert 'make docs' in steps and any('clipzs doctor' in each
                                        for each in steps)
    assert publish['needs'] == 'build' and 'vars.' in publish['if']
    assert publish['permissions'] == {'id-token': 'write'}
    assert workflow['permissions'] == {'contents': 'read'}

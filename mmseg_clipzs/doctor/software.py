"""Python, the toolbox, optional packages and the cache folder."""
import platform
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec

from packaging.requirements import Requirement
from packaging.version import Version

from mmseg_clipzs.clip.text_cache import cache_folder
from mmseg_clipzs.compat import REQUIREMENTS, check_version, versions
from mmseg_clipzs.utils import UserError, atomic_write

from .finding import Finding

OLDEST_PYTHON, NEWEST_PYTHON = '3.10', '3.13'  # the newest one tested
# Extra -> what needs it.
FEATURES = dict(
    cluster='the grouping baselines (k-means, mean shift, spectral)',
    masks='regions of images: superpixels, SAM 2, Mask2Former, EoMT',
    foreign='SAM 3 and TIPSv2',
    train='training on images and captions',
    coco='COCO-Object, from instance annotations',
    robustness='images under noise, blur and compression',
    export='export to ONNX and running exported files',
    openvino='running exported files by OpenVINO',
    supervision="result.to_detections(), for supervision's annotators",
    web='the page to try words on photos')


def check_python(found=None):
    """Finding: The version of Python."""
    found = found or platform.python_version()
    minor = Version('.'.join(found.split('.')[:2]))
    if minor < Version(OLDEST_PYTHON):
        return Finding('Python', 'WRONG', (
            f'{found}; install {OLDEST_PYTHON} or newer'))
    if minor > Version(NEWEST_PYTHON):
        return Finding('Python', 'note', (
            f'{found}; tested up to {NEWEST_PYTHON}'))
    return Finding('Python', 'ok', found)


def check_modules():
    """Yields: A finding for each module that the package needs."""
    found = versions()
    for module in REQUIREMENTS:
        try:
            check_version(module)
            yield Finding(module, 'ok', found[module])
        except ImportError as e:
            yield Finding(module, 'WRONG', f'{e}')
    if find_spec('mmcv._ext') is None:
        yield Finding('mmcv.ops', 'note', (
            'mmcv-lite: models with compiled operations, none of this '
            'project, need the full mmcv'))
    else:
        yield Finding('mmcv.ops', 'ok', 'compiled')
    if find_spec('pkg_resources') is None:
        yield Finding('pkg_resources', 'note', (
            "missing: configs that inherit from 'mmseg::...' need it: "
            'pip install "setuptools<81"'))


def check_requirements():
    """Finding: Whether pip's requirements are met."""
    try:
        problems = list(_problems(None))
    except PackageNotFoundError:
        return Finding('requirements', 'note', (
            'not checked, the package was not installed with pip'))
    if problems:
        return Finding('requirements', 'WRONG', (
            f'{"; ".join(problems)}: pip install "mmseg_clipzs[lite]"'))
    return Finding('requirements', 'ok', 'installed')


def check_optional():
    """Yields: A finding for each optional feature."""
    for extra, feature in FEATURES.items():
        try:
            problems = list(_problems(extra))
        except PackageNotFoundError:
            return
        if problems:
            yield Finding(extra, 'note', (
                f'{"; ".join(problems)}: pip install "mmseg_clipzs[{extra}]" '
                f'for {feature}'))
        else:
            yield Finding(extra, 'ok', feature)


def _problems(extra):
    """Yields: What is missing of an extra, or of what is always needed."""
    for line in requires('mmseg_clipzs') or ():
        requirement = Requirement(line)
        if extra is None and 'extra' in str(requirement.marker) or (
                requirement.marker and not requirement.marker.evaluate(
                    dict(extra=extra or ''))):
            continue
        if extra is not None and requirement.marker is None:
            continue
        wanted = f'{requirement.name}{requirement.specifier}'
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
            yield f'{wanted} is missing'
            continue
        if not requirement.specifier.contains(found, prereleases=True):
            yield f'{wanted} is needed, not {found}'


def check_cache():
    """Finding: Whether text embeddings can be kept."""
    folder = cache_folder()
    try:
        with atomic_write(folder / 'doctor.txt') as temporary:
            temporary.write_text('writable', encoding='utf-8')
        (folder / 'doctor.txt').unlink()
    except (OSError, UserError) as e:
        return Finding('cache', 'note', (
            f'{e}: text embeddings are computed again in every run; set '
            'MMSEG_CLIPZS_CACHE to a folder that can be written'))
    return Finding('cache', 'ok', f'{folder} can be written')

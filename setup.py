"""Packaging. Settings of pytest and ruff are in pyproject.toml."""
import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent


def read_requirements(name):
    text = (ROOT / f'requirements/{name}.txt').read_text(encoding='utf-8')
    lines = text.splitlines()
    return [line for line in lines if line and line[0] not in '#-']


class BuildWithMim(build_py):
    """Add configs, tools and the model index, where ``mim`` finds them."""

    def run(self):
        if self.editable_mode:  # used from the checkout
            super().run()
            return
        package = Path(self.build_lib) / 'mmseg_clipzs'
        shutil.rmtree(package, ignore_errors=True)  # what has been removed
        super().run()
        mim = package / '.mim'
        for name in ('configs', 'tools'):
            shutil.copytree(ROOT / name, mim / name,
                            ignore=shutil.ignore_patterns('__pycache__'))
        shutil.copy(ROOT / 'model-index.yml', mim)


version = re.search("'(.+)'",
                    (ROOT / 'mmseg_clipzs/version.py').read_text(
                        encoding='utf-8')).group(1)
setup(
    name='mmseg_clipzs',
    version=version,
    description='Zero-shot CLIP segmentation for MMSegmentation 1.x',
    long_description=(ROOT / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    license_files=['LICENSE'],
    packages=find_packages(include=['mmseg_clipzs', 'mmseg_clipzs.*']),
    py_modules=['clipzs'],
    entry_points={'console_scripts': ['clipzs = clipzs:main']},
    package_data={
        'mmseg_clipzs.models': ['weights/*'],
        'mmseg_clipzs.clip': ['model_configs/*.json', 'weights/*'],
        'mmseg_clipzs.doctor': ['*.csv'],
        'mmseg_clipzs.formats': ['*.html'],
        'mmseg_clipzs.leaderboard': ['*.html'],
        'mmseg_clipzs.proxy': ['weights/*'],
        'mmseg_clipzs.vocabularies': ['*.txt'],
        'mmseg_clipzs.web': ['*.css', '*.js'],
        'mmseg_clipzs.web.components': ['*.css', '*.html', '*.js'],
    },
    python_requires='>=3.10',
    install_requires=read_requirements('runtime'),
    extras_require={
        name: read_requirements(name)
        for name in ('lite', 'full', 'cluster', 'masks', 'foreign', 'train',
                     'coco', 'robustness', 'export', 'openvino', 'supervision',
                     'web', 'docs', 'tests')
    },
    cmdclass=dict(build_py=BuildWithMim),
    classifiers=[
        'License :: OSI Approved :: Apache Software License',
        'Operating System :: OS Independent',
        *(f'Programming Language :: Python :: {python}'
          for python in ('3', '3.10', '3.11', '3.12', '3.13')),
        'Topic :: Scientific/Engineering :: Image Recognition',
    ])

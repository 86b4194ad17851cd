"""The matrix of methods and datasets, with all settings of each config."""
import re
from dataclasses import dataclass

from .datasets import DATASETS
from .methods import METHODS
from .protocols import PROTOCOLS
from .published import PUBLISHED, remarks_of

# Settings of the segmentor itself, in the order of the configs.
_OF_THE_MODEL = ('prompts', 'logit_scale', 'background_threshold',
                 'area_threshold')
_OF_THE_BACKBONE = ('off_grid', 'pos_embed')


@dataclass(frozen=True)
class Cell:
    """A method on a dataset: one config.

    Attributes:
        method, dataset, protocol (str): Keys of ``METHODS``, ``DATASETS`` and
            ``PROTOCOLS``.
    """
    method: str
    dataset: str
    protocol: str

    @property
    def name(self):
        """str: Name of the config.

        A method with two protocols has the suffix ``_b`` for the second one,
        unless the dataset has only that one.
        """
        plain = self.method.removesuffix('_b')
        needed = self.dataset in METHODS[plain]['cells']
        return f'{self.method if needed else plain}_{self.dataset}'

    @property
    def settings(self):
        """dict: The protocol's settings on the dataset."""
        return get_settings(self.protocol, self.dataset)

    @property
    def clip(self):
        """str | None: CLIP architecture; None for models without one."""
        return self.model.get('clip', {}).get('model')

    @property
    def model(self):
        """dict: The whole model of the config."""
        return _apply(base_model(self.method), {
            **self.settings, **_own_backbone(self.method)})

    @property
    def published(self):
        """dict | None: Row of ``PUBLISHED``."""
        return find_published(
            METHODS[self.method]['title'], resolve(self.protocol)['title'],
            self.clip, self.dataset, self.model.get('clip', {}).get(
                'pretrained'))

    @property
    def authors(self):
        """Cell | None: The authors' settings, which this cell corrects."""
        method = METHODS[self.method].get('authors')
        return next((cell for cell in cells() if (
            cell.method, cell.dataset) == (method, self.dataset)), None)


def resolve(protocol):
    """dict: An entry of ``PROTOCOLS``, with the settings it inherits."""
    entry = PROTOCOLS[protocol]
    return {**(resolve(entry['like']) if 'like' in entry else {}), **entry}


def get_settings(protocol, dataset='default'):
    """Settings of a protocol.

    Args:
        protocol (str): Key of ``PROTOCOLS``.
        dataset (str): Key of ``DATASETS``, or 'default'.

    Returns:
        dict: Name -> value of the settings that are set; ``resize`` is always
        a pair (long, short).
    """
    settings = {}
    for key, value in resolve(protocol).items():
        if key in ('like', 'title', 'whose', 'source'):
            continue
        if isinstance(value, dict) and key != 'clip':
            value = value.get(dataset, value.get('default'))
        if value is not None:
            settings[key] = value
    if isinstance(settings.get('resize'), int):
        settings['resize'] = (2048, settings['resize'])
    return settings


def cells():
    """list[Cell]: The whole matrix."""
    return [Cell(name, dataset, protocol)
            for name, method in METHODS.items()
            for dataset, protocol in method['cells'].items()]


def base_model(method):
    """dict: The model of a method's base config."""
    entry = METHODS[method]
    model = base_model(entry['base']) if 'base' in entry else {}
    return _apply(merge(model, entry['model']), {
        **get_settings(entry['protocol']), **_own_backbone(method)})


def find_published(method, protocol, clip, dataset, weights='openai'):
    """Look up a published figure.

    Args:
        method, protocol (str): Their titles.
        clip (str | None): Architecture; its activation does not matter.
        dataset (str): Key of ``DATASETS``.
        weights (str | None): Tag of open_clip.

    Returns:
        dict | None: Row of ``PUBLISHED``.
    """
    wanted = (method, protocol, *name_clip(clip, weights), dataset)
    return next((row for row in PUBLISHED if (
        row['method'], row['protocol'], row['clip'], row['weights'],
        row['dataset']) == wanted), None)


def name_clip(clip, weights):
    """tuple: Architecture and weights of a CLIP, as in ``PUBLISHED``.

    'ViT-B-16-quickgelu' is 'ViT-B-16': the tag tells the activation.
    """
    return ((clip.removesuffix('-quickgelu'), weights) if clip else
            (None, None))


def source_of(row):
    """str: Source of a row of ``PUBLISHED``, and what to know of it."""
    return ', '.join([row['source'], *remarks_of(row).values()])


def name_of(cell):
    """str: The method in headers: 'MaskCLIP, RN50,'."""
    method = METHODS[cell.method]
    name = method.get('name', method['title'])
    return name + (f', {show_clip(cell.clip)},' if cell.clip else '')


def show_clip(architecture):
    """str: 'ViT-B-16' -> 'ViT-B/16'."""
    return re.sub(r'^(ViT-[^-]+)-(\d+)', r'\1/\2', architecture)


def title_of(dataset):
    """str: 'Pascal VOC 2012 (20 classes)'."""
    entry = DATASETS[dataset]
    return f'{entry["title"]} ({entry["classes"]} classes)'


def describe_resize(resize):
    """str: 'short side 336', 'within 1024 x 512' or 'original size'."""
    if resize is None:
        return 'original size'
    long, short = resize
    return (f'short side {short}' if long == 2048 else
            f'within {long} x {short}')


def describe_window(window):
    """str: 'windows 224/112' or 'whole image'."""
    return ('whole image' if window == 'whole' else
            'windows {}/{}'.format(*window))


def merge(old, new):
    """dict: ``old`` updated with ``new``, recursively."""
    merged = dict(old)
    for key, value in new.items():
        if isinstance(value, dict) and isinstance(old.get(key), dict):
            value = merge(old[key], value)
        merged[key] = value
    return merged


def difference(new, old):
    """dict: Override that turns ``old`` into ``new`` in mmengine's configs."""
    if set(old) - set(new):
        return dict(_delete_=True, **new)
    changed = {}
    for key, value in new.items():
        before = old.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            value = difference(value, before)
            if value:
                changed[key] = value
        elif key not in old:
            changed[key] = value
        elif isinstance(value, dict):  # in place of no dict
            changed[key] = dict(_delete_=True, **value)
        elif value != before:
            changed[key] = value
    return changed


def _own_backbone(method):
    """Backbone settings of a method that override its protocol's."""
    backbone = METHODS[method]['model'].get('backbone', {})
    return {key: backbone[key] for key in _OF_THE_BACKBONE if key in backbone}


def _apply(model, settings):
    """A model with the settings of a protocol."""
    model = dict(model)
    if 'clip' in settings:
        model['clip'] = settings['clip']
    if 'words' in settings:
        model['vocabulary'] = settings['words']
    for key in _OF_THE_MODEL:
        if key in settings:
            model[key] = settings[key]
    of_backbone = {key: settings[key] for key in _OF_THE_BACKBONE
                   if key in settings}
    if of_backbone:
        model['backbone'] = {**model.get('backbone', {}), **of_backbone}
    if 'window' in settings:
        model['test_cfg'] = _test_cfg(settings['window'])
    return merge(model, settings.get('model', {}))


def _test_cfg(window):
    if window == 'whole':
        return dict(mode='whole')
    size, stride = window
    return dict(mode='slide', crop_size=(size, size), stride=(stride, stride))

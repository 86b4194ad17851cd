"""What a visitor may choose: methods and CLIPs that are on this machine."""
import os
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from mmseg_clipzs.clip.architectures import TIPSV2, check_architecture
from mmseg_clipzs.clip.library import get_config, part
from mmseg_clipzs.clip.weights import find_weights
from mmseg_clipzs.recipes import cells
from mmseg_clipzs.recipes.cells import describe_window, show_clip
from mmseg_clipzs.recipes.clip_weights import CLIP_WEIGHTS
from mmseg_clipzs.recipes.methods import HAND_WRITTEN, METHODS
from mmseg_clipzs.run.job import Job
from mmseg_clipzs.run.segmentor import embeds_config_words
from mmseg_clipzs.utils import UserError

from .installed import has_all_but_clip


@dataclass(frozen=True)
class Choice:
    """A method with a CLIP, by the names of :class:`Catalogue`.

    Attributes:
        method (str): Name of a config, or a config file.
        clip (str): 'MODEL:WEIGHTS'; '' for a model without a CLIP.
    """
    method: str
    clip: str


@dataclass(frozen=True)
class _Method:
    """A config: its name, title, model and own CLIP; what tells it apart."""
    name: str
    title: str
    model: dict
    detail: str = ''

    @property
    def clip(self):
        """str: 'MODEL:WEIGHTS'; '' without a CLIP, or with random weights."""
        clip = self.model.get('clip') or {}
        return '' if clip.get('pretrained') is None else (
            f'{clip["model"]}:{clip["pretrained"]}')


class Catalogue:
    """Methods and CLIPs that need no download.

    Args:
        config (str | Path): A zero-shot model: the name of a config, or a
            file. The methods are all that have a config for its data set; a
            file that is none of the project's is the only one.
        clips (Sequence[str]): CLIPs as of ``--clip``, before the config's.

    Attributes:
        methods (list[tuple[str, str]]): Title and name of each method, in the
            order of the recipes.
        clips (list[tuple[str, str]]): Title and name of each CLIP, the
            given ones and the config's first.
        default (Choice): The config, with the first of ``clips`` that fits.

    Raises:
        UserError: No such config, a model that must be trained or has fixed
            classes, or an unknown CLIP.
    """

    def __init__(self, config, clips=()):
        found = {each.name: each for each in _methods_beside(str(config))}
        own = found.get(str(config)) or _read(str(config))
        found[own.name] = own
        named = [_checked(clip, own) for clip in clips]
        named += [own.clip] if own.clip else []
        # CLIP -> what it is, which a method's own must be, too.
        self._kinds = {name: _kind(name) for name in dict.fromkeys(
            [*named, *_cached_clips(named)])}
        self._methods = {
            name: each for name, each in found.items()
            if each == own or has_all_but_clip(each.model) and (
                self._fitting(each) or not each.clip)}
        self.methods = _apart(
            (each.title, each.detail, each.name)
            for each in self._methods.values())
        self.clips = _titles(self._kinds)
        self.default = Choice(own.name, [*self._fitting(own), own.clip][0])

    def clips_for(self, method):
        """CLIPs that fit a method.

        Args:
            method (str): Its name.

        Returns:
            list[tuple[str, str]]: Title and name of each; empty for a model
            without a CLIP.

        Raises:
            UserError: The method is none of this catalogue.
        """
        return _titles(self._fitting(self._method(method)))

    def fit(self, choice):
        """Replace a CLIP that does not fit the method.

        Args:
            choice (Choice): Of a method of this catalogue.

        Returns:
            Choice: With its CLIP, the method's own or the first that fits.

        Raises:
            UserError: The method is none of this catalogue.
        """
        method = self._method(choice.method)
        fitting = self._fitting(method)
        first = [name for name in (choice.clip, method.clip)
                 if name in fitting]
        return Choice(choice.method, [*first, *fitting, ''][0])

    def config_of(self, choice):
        """What the inferencer takes.

        Args:
            choice (Choice): From the menus.

        Returns:
            tuple[str, dict]: ``config`` and ``cfg_options`` of
            ``ZeroShotInferencer``.

        Raises:
            UserError: The choice is none of this catalogue.
        """
        method = self._method(choice.method)
        if choice.clip == method.clip:
            return method.name, {}
        if choice.clip not in self._fitting(method):
            raise UserError(f'The CLIP {choice.clip!r} does not fit '
                            f'{method.title}: choose one of its list.')
        model, _, weights = choice.clip.partition(':')
        return method.name, {
            'model.clip.model': model, 'model.clip.pretrained': weights}

    def clip_menu(self, choice):
        """What the menu of CLIPs shows.

        Args:
            choice (Choice): A method, and the CLIP that is wanted.

        Returns:
            dict: ``choices``, ``value`` and ``interactive`` of
            ``gr.Dropdown``.

        Raises:
            UserError: The method is none of this catalogue.
        """
        clips = self.clips_for(choice.method)
        return dict(choices=clips or [('This method has none', '')],
                    value=self.fit(choice).clip, interactive=bool(clips))

    def is_here(self, choice):
        """bool: Whether the weights of its CLIP need no download."""
        return not choice.clip or _file(choice.clip) is not None

    def _method(self, name):
        if name not in self._methods:
            raise UserError(f'There is no method {name!r} here: choose one of '
                            'the list.')
        return self._methods[name]

    def _fitting(self, method):
        """list[str]: Names of the CLIPs that a method can use."""
        kind = method.clip and _kind(method.clip)
        return [name for name, its in self._kinds.items() if its == kind]


def _methods_beside(config):
    """list[_Method]: All for the data set of a config of the recipes."""
    matrix = cells()
    dataset = next((cell.dataset for cell in matrix if cell.name == config),
                   config.rpartition('_')[2] if config in HAND_WRITTEN else '')
    methods = [_of_cell(cell) for cell in matrix if cell.dataset == dataset]
    for name in HAND_WRITTEN:
        if methods and name.endswith(f'_{dataset}'):
            try:
                methods.append(_read(name))
            except UserError:  # it must be trained
                continue
    return methods


def _of_cell(cell):
    entry, model = METHODS[cell.method], cell.model
    network = f', {cell.clip}' if (
        model.get('backbone', {}).get('type') == 'ClipResNet') else ''
    return _Method(cell.name, entry.get('name', entry['title']) + network,
                   model, describe_window(cell.settings['window']))


def _read(config):
    """_Method: Of any config; raises UserError if it is no zero-shot one."""
    job = Job(config)
    cfg = job.load()
    if not embeds_config_words(cfg.model):
        raise UserError(
            f'{job.name} has the classes of its training, and the page is for '
            'any words: name a zero-shot config, such as maskclip_voc.')
    job.require_weights()
    return _Method(config, f'{job.describe()["method"]}',
                   cfg.model.to_dict(), job.name)


def _checked(clip, own):
    """str: 'MODEL:WEIGHTS' of an argument, which may lack the weights."""
    Job(own.name, clip=clip)  # raises
    model, colon, weights = clip.partition(':')
    model = check_architecture(model)
    if not colon:
        weights = own.clip.partition(':')[2]
    if model != TIPSV2:
        find_weights(model, weights)  # raises
    return f'{model}:{weights}'


def _cached_clips(named):
    """CLIPs of open_clip's table whose weights are in a cache.

    Args:
        named (Sequence[str]): CLIPs that are in the list anyway.

    Returns:
        list[str]: Each file once, by the name that the docs recommend.
    """
    table = part('pretrained')
    recommended = [key for key in CLIP_WEIGHTS
                   if table.get_pretrained_cfg(*key)]
    taken = {path.resolve() for path in filter(None, map(_file, named))}
    found = []
    for model, tag in dict.fromkeys([*recommended, *table.list_pretrained()]):
        path = find_weights(model, tag)
        if path is None or path.resolve() in taken:
            continue
        try:
            check_architecture(model)
        except UserError:  # of another layout than OpenAI's
            continue
        taken.add(path.resolve())
        found.append(f'{model}:{tag}')
    return found


def _file(clip):
    """Path | None: Weights that are here, as a file."""
    model, _, weights = clip.partition(':')
    return None if model == TIPSV2 else find_weights(
        check_architecture(model), weights)


@lru_cache(None)
def _kind(clip):
    """str: The image tower of a CLIP: 'vit', 'resnet' or 'tipsv2'."""
    name = check_architecture(clip.partition(':')[0])
    if name == TIPSV2:
        return name
    layers = get_config(name)['vision_cfg']['layers']
    return 'resnet' if isinstance(layers, (list, tuple)) else 'vit'


def _titles(clips):
    """list[tuple[str, str]]: 'ViT-B/16, openai' and the name of each CLIP."""
    return _apart((
        f'{show_clip(model)}, {os.path.basename(weights)}', weights, name)
        for name, (model, _, weights) in (
            (name, name.partition(':')) for name in clips))


def _apart(entries):
    """Titles of a menu, of which no two are equal.

    Args:
        entries (Iterable[tuple[str]]): Title, detail and name of each.

    Returns:
        list[tuple[str, str]]: Title, with its detail if others have it too,
        and name.
    """
    entries = list(entries)
    count = Counter(title for title, *_ in entries)
    return [(title if count[title] == 1 else f'{title} ({detail})', name)
            for title, detail, name in entries]

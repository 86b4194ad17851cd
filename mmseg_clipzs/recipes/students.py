"""The trained models and what is said of them in headers and tables."""
from dataclasses import dataclass

from .cells import base_model, find_published, resolve, show_clip, title_of
from .datasets import BATCH, SCHEDULES
from .methods import METHODS
from .published import ZERO_SHOT
from .trained import LABELS, PLUS_MODELS, TRAINED, WIDTHS, ZERO_SHOT_SETTINGS

_AUTHORS = ' (authors\' settings)'


@dataclass(frozen=True)
class Student:
    """A training config.

    Attributes:
        method, dataset (str): Keys of ``TRAINED`` and ``TRAIN``.
    """
    method: str
    dataset: str

    @property
    def name(self):
        """str: Name of the config."""
        return f'{self.method}_{self.dataset}'

    @property
    def entry(self):
        """dict: Entry of ``TRAINED``."""
        return TRAINED[self.method]

    @property
    def is_plus(self):
        """bool: MaskCLIP+, not its negative baseline."""
        return self.entry['model'] in PLUS_MODELS

    @property
    def zero_shot(self):
        """bool: Trained with the labels of the seen classes."""
        return self.entry['data'] == 'zero_shot'

    @property
    def title(self):
        """str: ``method`` in configs and leaderboard."""
        if not self.is_plus:
            return 'CLIP fine-tuned, mapped text'
        title = title_of_model(self.entry['model'])
        return (title.replace('MaskCLIP+', 'MaskCLIP+, zero-shot', 1)
                if self.zero_shot else title)

    @property
    def protocol(self):
        """str: Title of the protocol it is tested with."""
        return resolve('toy' if self.dataset == 'toy' else 'maskclip')['title']

    @property
    def clip(self):
        """str: CLIP architecture of the teacher."""
        return base_model(PLUS_MODELS[self.entry['model']]['teacher'])[
            'clip']['model']

    @property
    def schedule(self):
        """str: Key of ``SCHEDULES``, or 'toy'."""
        return self.entry['datasets'][self.dataset]

    @property
    def head(self):
        """str: Key of ``HEADS``."""
        return self._own_settings.get('head', 'DeepLabV2')

    @property
    def optimizer(self):
        """dict: Differences from the schedule's optimizer."""
        return self._own_settings.get('optimizer', {})

    @property
    def _own_settings(self):
        return (ZERO_SHOT_SETTINGS.get(self.dataset, {})
                if self.zero_shot else {})

    @property
    def authors(self):
        """Student | None: With the authors' settings, which it corrects."""
        dataset = self.entry.get('authors_on', {}).get(
            self.dataset, self.dataset)
        return next((student for student in students() if (
            student.method, student.dataset) == (
                self.entry.get('authors'), dataset)), None)

    @property
    def published(self):
        """dict | None: Row of ``PUBLISHED``, or entry of ``ZERO_SHOT``."""
        if not self.zero_shot:
            return find_published(
                self.title, self.protocol, self.clip, self.dataset)
        return (ZERO_SHOT.get(self.dataset)
                if 'authors' in self.method else None)

    def sentences(self):
        """list[str]: Header of the config."""
        if not self.is_plus:
            return [f'CLIP fine-tuned on {title_of(self.dataset)}, zero-shot: '
                    'the negative baseline of MaskCLIP (section 3.2).',
                    f'Protocol {self.protocol}.']
        setting = 'zero-shot' if self.zero_shot else 'annotation-free'
        labels = LABELS[self.entry['data']]
        if self.dataset == 'toy':
            return [f'{self.title.split(",")[0]} on {title_of("toy")}, '
                    f'{setting}: {labels}.', f'Protocol {self.protocol}.']
        iterations = SCHEDULES[self.schedule][0]
        sentences = [
            f'{title_of_model(self.entry["model"])}, {show_clip(self.clip)}, '
            f'on {title_of(self.dataset)}, {setting}: {labels}.',
            f'Protocol {self.protocol}. Student: {self.head} with ResNet-101, '
            f'width {WIDTHS[self.clip]}; {iterations:,} iterations of {BATCH} '
            'images (the authors: 4 GPUs with 4 images each). Time: not '
            'measured.']
        return sentences + self._figure()

    def _figure(self):
        """list[str]: The published figure, or where it is."""
        row, authors = self.published, self.authors
        if row:
            return [f'Published: {show_figure(row)} ({row["source"]}).',
                    *([f'{row["note"]}.'] if 'note' in row else [])]
        if not authors:
            return ['No figure is published for this setting.']
        teacher = PLUS_MODELS[self.entry['model']]['teacher']
        corrected = [METHODS[teacher]['corrects']]
        corrected += filter(None, [
            f'teacher {show_clip(self.clip)} instead of '
            f'{show_clip(authors.clip)}' if self.clip != authors.clip else '',
            self.entry.get('differs', {}).get(self.dataset)])
        if self.entry['data'] != authors.entry['data']:
            corrected.append(LABELS[self.entry['data']])
        return [f'Differs from the authors\' recipe: {", ".join(corrected)}.',
                f'The authors\' settings are in {authors.name}' + (
                    ', with the published figure.' if authors.published
                    else '.')]


def students():
    """list[Student]: All training configs of the tables."""
    return [Student(method, dataset) for method, entry in TRAINED.items()
            for dataset in entry['datasets']]


def title_of_model(model):
    """str: "MaskCLIP+, KS (authors' settings)" of a base model."""
    entry = PLUS_MODELS[model]
    variant = f', {entry["variant"]}' if 'variant' in entry else ''
    return f'MaskCLIP+{variant}' + (
        _AUTHORS if 'authors' in entry['teacher'] else '')


def show_figure(row):
    """str: '58.0 mIoU', for zero-shot also of unseen classes."""
    if 'unseen' not in row:
        return f'{row["mIoU"]} mIoU'
    return (f'{row["mIoU"]} mIoU, unseen {row["unseen"]}, harmonic mean '
            f'{row["harmonic"]}')

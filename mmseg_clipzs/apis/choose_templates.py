"""Choose prompt templates for each class, on photos without labels."""
import json
from dataclasses import dataclass

import torch
from tqdm import tqdm

from mmseg_clipzs.clip import get_templates
from mmseg_clipzs.clip.class_templates import CLASSES
from mmseg_clipzs.models.segmentors import ZeroShotSegmentor
from mmseg_clipzs.models.segmentors.results import upsample
from mmseg_clipzs.utils import (
    MARK,
    UserError,
    atomic_write,
    check_number,
    check_replaceable,
)

from .photos import Photos, none_readable

FEW = 4  # templates of a class, as of FLOSS


@dataclass(frozen=True)
class ClassTemplates:
    """The templates of each class, and what they were chosen from.

    Attributes:
        classes (dict[str, list[str]]): Templates of each class, the most
            certain first. Classes that no template finds are missing.
        entropy (dict[str, list[float]]): Their mean entropies in nats.
        missing (list[str]): Classes that are not found on the photos.
        photos (int): Number of photos.
        skipped (list[str]): A sentence for each photo that cannot be read.
        settings (dict): Config and candidates.
    """
    classes: dict
    entropy: dict
    missing: list
    photos: int
    skipped: list
    settings: dict

    def save(self, path):
        """Write a file for ``prompts=``.

        Args:
            path (str | Path): A ``.json`` file.

        Raises:
            UserError: Another suffix, or a file of the user is there.
        """
        check_path(path)
        with atomic_write(path) as temporary:
            temporary.write_text(json.dumps(dict(
                software=MARK, **self.settings, photos=self.photos,
                **{CLASSES: self.classes}), indent=1, ensure_ascii=False)
                + '\n', encoding='utf-8')


def check_path(path):
    """Refuse a place for the templates that ``prompts=`` would not read."""
    if not str(path).lower().endswith('.json'):
        raise UserError('Templates are written as .json, which prompts= '
                        f'reads, but got {path}.')
    check_replaceable(path)


@torch.no_grad()
def choose_templates(inferencer, photos, count=FEW, templates='imagenet80'):
    """Choose the templates that make each class's predictions most certain.

    FLOSS (arXiv 2504.10487), section 3: each template alone is a classifier.
    The templates of a class are those with the lowest mean entropy of the
    pixels that they predict as this class. The image tower runs once for each
    photo.

    Args:
        inferencer (ZeroShotInferencer): Of a zero-shot CLIP config, with its
            classes.
        photos: As for calling the inferencer. Labels are not needed.
        count (int): Templates of each class.
        templates (str | Sequence[str]): The candidates. Repeated ones count
            once.

    Returns:
        ClassTemplates: The choice.

    Raises:
        UserError: Another model, no classes, fewer candidates than ``count``,
            or no photo that can be read.
    """
    model = inferencer.model
    if not isinstance(model, ZeroShotSegmentor):
        raise UserError(
            f'{type(model).__name__} has no prompt templates to choose from: '
            'name the config of a zero-shot CLIP method.')
    candidates = tuple(dict.fromkeys(get_templates(templates)))
    check_number('count', count, '[1, inf)', int)
    if count >= len(candidates):
        raise UserError(f'count={count} of {len(candidates)} templates leaves '
                        'nothing to choose: name more templates, or fewer.')
    view = model.with_vocabulary()
    view.decode_head.experts = None
    vocabulary = view.vocabulary
    if vocabulary is None:
        raise UserError('No classes are set: name them with --classes, for '
                        'example --classes "cat; grass, lawn; sky".')
    texts = model.text_encoder.each(vocabulary.words, candidates)
    sums, pixels = torch.zeros(
        2, len(candidates), len(vocabulary.classes), dtype=torch.float64)
    done, skipped = 0, []
    for photo, _ in tqdm(Photos(photos), 'photos', delay=3, disable=None,
                         leave=False):
        try:
            image = photo.read()
        except UserError as e:
            skipped.append(str(e))
            continue
        data = model.data_preprocessor(inferencer.make_batch(
            [image], [photo.path]), False)
        encoded = model.encode(**data)
        for i, rows in enumerate(texts):
            view.decode_head.set_text_embeddings(rows)
            for classes, entropy in _predict(view, encoded):
                sums[i].index_add_(0, classes, entropy)
                pixels[i] += classes.bincount(minlength=pixels.size(1))
        done += 1
    if not done:
        raise none_readable(skipped)
    return _choice(inferencer, candidates, count, sums / pixels, done,
                   skipped)


def _predict(view, encoded):
    """Yields: tuple: Classes (P, ) int64 and entropies (P, ) of pixels.

    At the size of the network's input.
    """
    maps, = view.encoded_scores(encoded)
    words, classes = view.owners()
    for tile in upsample(maps, encoded.grid, view.align_corners).tiles():
        log_p = view.decode_head.log_probabilities(
            tile.scores()[None], view.logit_scale)[0].flatten(1).cpu()
        # 0 * log(0) = 0
        entropy = -(log_p.exp() * log_p.clamp(min=-1e4)).sum(0)
        yield classes[log_p[words].argmax(0)], entropy.double()


def _choice(inferencer, candidates, count, means, photos, skipped):
    """ClassTemplates: From mean entropies (T, C), NaN where not found."""
    chosen, entropy, missing = {}, {}, []
    for name, column in zip(inferencer.model.vocabulary.classes, means.T):
        found = [i for i in column.argsort(stable=True).tolist()
                 if not column[i].isnan()][:count]
        if not found:
            missing.append(name)
            continue
        chosen[name] = [candidates[i] for i in found]
        entropy[name] = [column[i].item() for i in found]
    return ClassTemplates(chosen, entropy, missing, photos, skipped, dict(
        config=inferencer.describe()['settings']['config'],
        candidates=list(candidates)))

"""Scores by each word's own classifier, for templates that differ."""
import logging

import torch
import torch.nn.functional as F
from mmengine.logging import print_log

from mmseg_clipzs.clip import get_templates
from mmseg_clipzs.utils import UserError


class ClassExperts:
    """A classifier for each set of templates, and whose words it scores.

    The similarities of different templates have different offsets. Words are
    therefore compared by their probability among all words in their own
    classifier: FLOSS (arXiv 2504.10487), section 3.

    Args:
        rows (Tensor): (E, Q, D) unit-length text embeddings of all words with
            each set of templates.
        owners (Tensor): (Q, ) int64, the set of each word.
        scale (float): Logit scale of the probabilities.
    """

    def __init__(self, rows, owners, scale):
        self.rows, self.owners, self.scale = rows, owners, scale

    def __call__(self, features):
        """Score every location.

        Args:
            features (Tensor): (N, D, h, w), unit length.

        Returns:
            Tensor: (N, Q, h, w) log-probability of each word in its own
            classifier, divided by the scale as cosines are.
        """
        scores = None
        for i, rows in enumerate(self.rows.to(features)):
            words = (self.owners == i).nonzero()[:, 0].to(features.device)
            log_p = F.conv2d(features, rows[:, :, None, None]).mul(
                self.scale).log_softmax(1)
            if scores is None:
                scores = torch.empty_like(log_p)
            scores[:, words] = log_p[:, words]
        return scores / self.scale


def make_experts(vocabulary, class_templates, usual, embed_each, scale):
    """Make the classifiers of a vocabulary.

    Args:
        vocabulary (Vocabulary): C classes with Q words. A word of several
            classes has the templates of the first.
        class_templates (dict[str, tuple[str]]): Templates by class.
        usual (str): Template set of the other classes.
        embed_each (Callable): Words and T templates -> (T, Q, D).
        scale (float): See :class:`ClassExperts`.

    Returns:
        ClassExperts: For a head.

    Raises:
        UserError: No class has templates.
    """
    known = [name for name in vocabulary.classes if name in class_templates]
    if not known:
        names = ', '.join(list(class_templates)[:3])
        raise UserError(
            f'prompts= has templates of other classes ({names}, ...) than '
            f'those of {vocabulary.source} ({vocabulary.shortened()}): choose '
            'them again for these classes, or name a template set.')
    others = [name for name in vocabulary.classes
              if name not in class_templates]
    if others:
        print_log(
            f'{len(others)} of {len(vocabulary.classes)} classes have no '
            f'templates in prompts= and get those of {usual}: '
            f'{", ".join(others[:5])}{", ..." * (len(others) > 5)}.',
            'current', logging.WARNING)
    sets = [class_templates.get(name) or get_templates(usual)
            for name in vocabulary.classes]
    distinct = list(dict.fromkeys(sets))
    templates = list(dict.fromkeys(
        template for each in distinct for template in each))
    embedded = embed_each(vocabulary.words, templates)
    owners = torch.zeros(len(vocabulary.words), dtype=torch.int64)
    for word, index in zip(*vocabulary.owners()):
        owners[word] = distinct.index(sets[index])
    return ClassExperts(torch.stack([
        F.normalize(embedded[[templates.index(each) for each in group]].mean(
            0), dim=1) for group in distinct]), owners, scale)

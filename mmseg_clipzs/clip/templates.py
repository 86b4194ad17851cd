"""Prompt templates: texts with a "{}" for the class name."""
import os
import re
from collections.abc import Mapping

from mmseg_clipzs.utils import UserError

from .library import part

_IMAGENET = tuple(template('{}') for template in part(
    'zero_shot_metadata').OPENAI_IMAGENET_TEMPLATES)

TEMPLATE_SETS = {
    'single': ('a photo of a {}.', ),
    'imagenet80': _IMAGENET,
    # TCL's (arXiv 2212.00785), of TIPSv2's zero-shot segmentation.
    'tcl9': (
        'itap of a {}.', 'a bad photo of a {}.', 'a origami {}.',
        'a photo of the large {}.', 'a {} in a video game.', 'art of the {}.',
        'a photo of the small {}.', 'a photo of many {}.', 'a photo of {}s.'),
    # MaskCLIP's: ImageNet's 80 and five of ViLD (arXiv 2104.13921).
    'maskclip85': _IMAGENET + (
        'there is a {} in the scene.',
        'there is the {} in the scene.',
        'this is a {} in the scene.',
        'this is the {} in the scene.',
        'this is one {} in the scene.',
    ),
}


def is_file(templates):
    """bool: Whether templates are named by a ``.json`` file."""
    return isinstance(templates, (str, os.PathLike)) and os.fspath(
        templates).lower().endswith('.json')


def get_templates(templates):
    """Resolve prompt templates.

    Args:
        templates (str | Sequence[str]): A key of :data:`TEMPLATE_SETS`, or
            templates that contain one "{}" each.

    Returns:
        tuple[str]: The templates.

    Raises:
        UserError: An unknown key, another type, or a template without "{}".
    """
    if isinstance(templates, Mapping) or is_file(templates):
        raise UserError(
            'Prompt templates are the name of a set, a text or a list of '
            f'texts here, but got {templates!r}: those of each class, as a '
            'dict or a .json file, are for zero-shot CLIP models alone, not '
            'for teachers, students or GroupViT.')
    if not isinstance(templates, (str, list, tuple)):
        raise UserError('Prompt templates are the name of a set, a text or a '
                        f'list of texts, but got {templates!r}.')
    if isinstance(templates, str):
        if '{}' not in templates:
            if templates not in TEMPLATE_SETS:
                raise UserError(
                    f'Unknown template set {templates!r}; choose one of '
                    f'{sorted(TEMPLATE_SETS)} or pass templates that contain '
                    '"{}".')
            return TEMPLATE_SETS[templates]
        templates = (templates, )
    wrong = [t for t in templates if not isinstance(t, str)
             or re.findall('[{}]', t) != ['{', '}'] or '{}' not in t]
    if wrong or not templates:
        raise UserError(
            'A prompt template is a text with one "{}" for the class name, '
            f'but got {wrong[0] if wrong else templates!r}.')
    return tuple(templates)

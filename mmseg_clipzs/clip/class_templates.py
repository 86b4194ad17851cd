"""Prompt templates of each class: FLOSS's class experts (arXiv 2504.10487)."""
import json
from collections.abc import Mapping

from mmseg_clipzs.utils import UserError, check_is_file, shown

from .templates import get_templates, is_file

CLASSES = 'classes'  # of a file that was chosen by this package


def get_class_templates(prompts):
    """Resolve templates that differ between classes.

    Args:
        prompts: A dict from names of classes to their templates, a ``.json``
            file of such a dict or of ``clipzs choose-templates``, or what
            :func:`.get_templates` takes.

    Returns:
        dict[str, tuple[str]] | None: None if all classes share theirs.

    Raises:
        UserError: A file that cannot be read, or no such dict.
    """
    source = 'prompts'
    if is_file(prompts):
        source, prompts = shown(prompts), _read(prompts)
    if not isinstance(prompts, Mapping):
        return None
    if not prompts:
        raise UserError(f'{source} has templates of no class.')
    templates = {}
    for name, given in prompts.items():
        if not isinstance(name, str):
            raise UserError(f'{source} has templates of {name!r}; expected '
                            'the name of a class, a text.')
        try:
            templates[name] = get_templates(given)
        except UserError as e:
            raise UserError(f'{source}, class {name!r}: {e}') from e
    return templates


def _read(path):
    """dict: Of a JSON file."""
    try:
        path = check_is_file(path, 'prompt templates')
        with open(path, encoding='utf-8-sig') as file:
            found = json.load(file)
    except FileNotFoundError as e:
        raise UserError(f'No prompt templates at {shown(path)}.') from e
    except UserError:
        raise
    except (OSError, ValueError, RecursionError) as e:
        raise UserError(f'{shown(path)} cannot be read as JSON: {e}.') from e
    if isinstance(found, dict) and isinstance(found.get(CLASSES), dict):
        found = found[CLASSES]
    if not isinstance(found, dict):
        raise UserError(
            f'{shown(path)} must hold names of classes with their templates, '
            f'{{"cat": ["a photo of a {{}}."]}}, but holds '
            f'{type(found).__name__}.')
    return found

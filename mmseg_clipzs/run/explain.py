"""Settings that the toolbox refuses only when it builds their object."""
import traceback
from contextlib import contextmanager

from mmengine.config import Config

from mmseg_clipzs.utils import UserError, error_message

from .configs import list_configs


@contextmanager
def explain_settings(job):
    """Name the part of a config whose constructor raises.

    Errors of the project's own configs without any change are bugs and left
    alone, and so are errors that are raised after everything is built.

    Args:
        job (Job): What is built and run.

    Raises:
        UserError: In place of the constructor's error, with its message.
    """
    try:
        yield
    except (UserError, OSError, MemoryError):  # a file, or the machine
        raise
    except Exception as e:
        part = _part(e)
        if part is None or not _has_own_settings(job):
            raise
        kind, message = error_message(e)
        changed = ', '.join(job.options)
        raise UserError(
            f'{job.name}: {part} does not take its settings: {kind}: '
            f'{message.rstrip(".")}.' + (
                f' Look at the options {changed}.' if changed else '')) from e


def _part(error):
    """str | None: The innermost type that was being built."""
    built = None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_name == 'build_from_cfg':
            config = frame.f_locals.get('cfg')
            kind = config.get('type') if isinstance(
                config, (dict, Config)) else None
            built = getattr(kind, '__name__', kind) or built
    return built


def _has_own_settings(job):
    shipped = list_configs()
    return bool(job.options or job.clip or job.classes is not None) or (
        isinstance(job.config, Config) or str(job.config) not in {
            *shipped, *map(str, shipped.values())})

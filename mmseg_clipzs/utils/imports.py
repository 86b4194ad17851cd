"""Optional dependencies."""
import importlib

from .errors import UserError


def import_optional(name, extra, what, package=None):
    """Import a module of an optional dependency.

    Args:
        name (str): The module.
        extra (str): The extra of this package that installs it.
        what (str): The feature that needs it, for the message.
        package (str, optional): The package to install, if its name differs
            from the module's.

    Returns:
        module: The imported module.

    Raises:
        UserError: It is not installed.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as e:
        package = package or name.partition('.')[0]
        raise UserError(
            f'{what} needs {package}, which is not installed: pip install '
            f'"mmseg_clipzs[{extra}]" (or {package}).') from e

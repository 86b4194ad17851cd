"""Imports of what is optional, slow, or slow in part."""
import importlib
import sys
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, module_from_spec
from types import ModuleType

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


def import_part(package, name):
    """Import a module of a package without the package's ``__init__``.

    For modules that need nothing of what ``__init__`` imports.

    Args:
        package (str): The package.
        name (str): The module in it.

    Returns:
        module: The package's own if the package has been imported, otherwise
        a copy under another name.

    Raises:
        ModuleNotFoundError: No such package or module.
    """
    if package in sys.modules:
        return importlib.import_module(f'{package}.{name}')
    alias = f'_parts_of_{package}'
    if alias not in sys.modules:
        found = find_spec(package)
        if found is None:
            raise ModuleNotFoundError(
                f'No module named {package!r}', name=package)
        spec = ModuleSpec(alias, None, is_package=True)
        spec.submodule_search_locations = found.submodule_search_locations
        sys.modules[alias] = module_from_spec(spec)
    return importlib.import_module(f'{alias}.{name}')


class _Later(ModuleType):
    """Stands for a module until something of it is used."""

    def __init__(self, spec):
        super().__init__(spec.name)
        # Others look these up in all modules.
        self.__spec__, self.__file__ = spec, spec.origin

    def __getattr__(self, name):
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


@contextmanager
def import_on_use(name):
    """Let ``import NAME`` in a block wait until the module is used.

    Args:
        name (str): A top-level module. Nothing changes if it has been
            imported already or is not installed.
    """
    spec = None if name in sys.modules else find_spec(name)
    if spec is None:
        yield
        return
    later = sys.modules[name] = _Later(spec)
    try:
        yield
    finally:
        if sys.modules.get(name) is later:
            del sys.modules[name]

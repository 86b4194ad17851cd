"""The settings that a class or function accepts."""
import ast
import inspect
import textwrap
from functools import lru_cache

_KEYWORDS = (inspect.Parameter.POSITIONAL_OR_KEYWORD,
             inspect.Parameter.KEYWORD_ONLY)


@lru_cache(None)
def accepted(kind):
    """Find the names of all arguments of a constructor or function.

    ``**kwargs`` are followed to the next class of the method resolution order
    as long as they are only passed on to ``super().__init__``; names that the
    constructor takes out of them count as well.

    Args:
        kind (type | Callable): The class or function.

    Returns:
        tuple[frozenset[str], bool]: The names, and whether it may accept
        others as well.
    """
    if not inspect.isclass(kind):
        names, rest = _arguments(kind)
        return frozenset(names), rest is not None
    names = set()
    for each in kind.__mro__:
        init = each.__dict__.get('__init__')
        if init is None:
            continue
        if each.__module__ in ('builtins', 'torch.nn.modules.module'):
            break  # object and nn.Module refuse keywords
        own, rest = _arguments(init)
        names |= own - {'self'}
        if hasattr(init, '__wrapped__'):
            return frozenset(names), True  # a decorator may rename arguments
        if rest is None:
            break
        taken = _taken(init, rest)
        if taken is None:
            return frozenset(names), True
        names |= taken
    return frozenset(names), False


def _arguments(function):
    """Names of the arguments (set), and of ``**kwargs`` or None."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # written in C
        return set(), 'unknown'
    rest = [each.name for each in parameters if each.kind is each.VAR_KEYWORD]
    return ({each.name for each in parameters if each.kind in _KEYWORDS},
            rest[0] if rest else None)


def _taken(init, rest):
    """Names that a constructor takes out of its ``**kwargs``.

    Returns:
        set[str] | None: None unless the others only go to ``super()``.
    """
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(init)))
    except (OSError, TypeError, SyntaxError):
        return None
    uses = sum(isinstance(node, ast.Name) and node.id == rest
               for node in ast.walk(tree))
    taken, known = set(), 0
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            passed = [each for each in node.keywords if each.arg is None
                      and _is(each.value, rest)]
            if passed and _calls_super_init(node):
                known += len(passed)
            method = node.func
            if isinstance(method, ast.Attribute) and _is(
                    method.value, rest) and method.attr in (
                    'pop', 'get', 'setdefault') and _text(node.args[0]):
                taken.add(_text(node.args[0]))
                known += 1
        elif isinstance(node, ast.Subscript) and _is(node.value, rest) and (
                _text(node.slice)):
            taken.add(_text(node.slice))
            known += 1
        elif isinstance(node, ast.Compare) and _text(node.left) and _is(
                node.comparators[0], rest):
            taken.add(_text(node.left))
            known += 1
    return taken if known == uses else None


def _is(node, name):
    return isinstance(node, ast.Name) and node.id == name


def _text(node):
    return getattr(node, 'value', None) if isinstance(
        node, ast.Constant) and isinstance(node.value, str) else None


def _calls_super_init(call):
    """bool: ``super().__init__(...)`` or ``super(C, self).__init__(...)``."""
    method = call.func
    return (isinstance(method, ast.Attribute) and method.attr == '__init__'
            and isinstance(method.value, ast.Call)
            and _is(method.value.func, 'super'))

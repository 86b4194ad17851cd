"""The command ``clipzs``, which the tools are doors to."""
import sys

try:
    from clipzs import main
except ModuleNotFoundError as e:
    if e.name != 'clipzs':
        raise
    sys.exit('error: The package mmseg_clipzs is not installed, or an older '
             'version of it: pip install "mmseg_clipzs[lite]", or in a '
             'checkout pip install -e ".[lite]".')

__all__ = ['main']

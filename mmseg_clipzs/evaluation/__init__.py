from .runs import run_test

__all__ = ['run_test']

"""The end of a tool that left out what it could not read."""
from mmseg_clipzs.utils import UserError, first_of


def fail_if_skipped(skipped, done, what, where, count=None):
    """Name what was skipped, and let the tool end with exit code 1.

    Args:
        skipped (Sequence[str]): A sentence for each, or for the first ten.
        done (int): How many were not skipped.
        what (str): What they are, in the plural.
        where (str | Path): Where the results are.
        count (int, optional): How many were skipped, if there are not
            sentences for all.

    Raises:
        UserError: Something was skipped.
    """
    count = len(skipped) if count is None else count
    if count:
        more = [''] * (count - len(skipped))
        were = 'was' if count == 1 else 'were'
        raise UserError(
            f'{count} of {count + done} {what} {were} skipped; the others are '
            f'in {where}. {first_of([*skipped, *more])}')

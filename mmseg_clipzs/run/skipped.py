"""The end of a tool that left out what it could not read."""
from mmseg_clipzs.utils import UserError, first_of


def fail_if_skipped(skipped, done, what, where):
    """Name what was skipped, and let the tool end with exit code 1.

    Args:
        skipped (Sequence[str]): A sentence for each.
        done (int): How many were not skipped.
        what (str): What they are, in the plural.
        where (str | Path): Where the results are.

    Raises:
        UserError: Something was skipped.
    """
    if skipped:
        raise UserError(
            f'{len(skipped)} of {len(skipped) + done} {what} were skipped; '
            f'the others are in {where}. {first_of(skipped)}')

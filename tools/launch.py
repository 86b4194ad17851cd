"""Start several processes as torchrun does, with its options.

    python tools/launch.py --nproc_per_node=2 tools/test.py CONFIG \\
        --launcher pytorch

If one ends with an error, the others are stopped. What it said is all that is
printed: torchrun's own traceback and report would hide it.
"""
import logging
import signal
import sys

from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.run import main


def launch():
    """Run torchrun; its exit code is that of the process that failed."""
    for name in ('torch.distributed.elastic', 'torch.distributed.run'):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        main()
    except ChildFailedError as e:
        rank, failure = e.get_first_failure()
        if failure.exitcode < 0:
            name = signal.Signals(-failure.exitcode).name
            sys.exit(f'error: Process {rank} was ended by {name}, and the '
                     'others with it. SIGKILL often means that the memory '
                     'was full: use fewer processes or smaller batches.')
        sys.exit(failure.exitcode)
    except SignalException:  # the processes say how far they came
        sys.exit(130)


if __name__ == '__main__':
    launch()

import random
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def seeded(seed):
    """Seed the global generators of NumPy, Python and torch; restore them.

    torch's is the CPU's; those of GPUs are left alone.

    Args:
        seed (list[int]): Numbers in [0, 2**32).
    """
    states = np.random.get_state(), random.getstate(), torch.get_rng_state()
    np.random.seed(seed)
    random.seed(repr(seed))
    # Unlike torch.manual_seed, this does not touch the GPUs.
    torch.default_generator.manual_seed(
        int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0]))
    try:
        yield
    finally:
        np.random.set_state(states[0])
        random.setstate(states[1])
        torch.set_rng_state(states[2])

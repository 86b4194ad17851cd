"""The GPU, and processes forked after a prediction."""
import pytest
import torch
from processes import run_python

from mmseg_clipzs.run.device import gpu_name, synchronize

FORK = '''
import multiprocessing
import numpy as np, torch
from mmseg_clipzs.apis import ZeroShotInferencer
torch.set_num_threads(2)
inferencer = ZeroShotInferencer('maskclip_toy', device='cpu')
photo = np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8)
want = inferencer(photo)[0].mask

def predict(results):
    results.put((inferencer(photo)[0].mask, torch.get_num_threads()))

context = multiprocessing.get_context('fork')
results = context.Queue()
child = context.Process(target=predict, args=(results, ))
child.start()
try:
    mask, threads = results.get(timeout=60)  # it waited for ever
finally:
    child.kill()
print((mask == want).mean() > 0.999, threads, torch.get_num_threads())
'''


@pytest.mark.slow
def test_a_forked_process_predicts():
    done = run_python('-c', FORK)
    assert done.stdout.splitlines()[-1:] == ['True 1 2'], done.stderr[-3000:]


def test_the_gpu_has_a_name():
    synchronize()
    assert (gpu_name() is None) == (not torch.accelerator.is_available())

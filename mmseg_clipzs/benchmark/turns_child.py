"""Predict images with the package in the working folder.

Started by ``checkout.py``, once for each checkout; uses only what all versions
have in common. Reads its settings as the only argument, a line of JSON, then
the path of an image from each line, and answers each with a line of JSON.
"""
import json
import os
import sys
import time
from pathlib import Path

import mmseg_clipzs  # before mmseg, which may need its stand-in for mmcv.ops


def main(config, options, classes, words, threads, folder):
    import numpy as np
    import torch
    import torch.nn.functional as F
    from mmseg.apis import inference_model, init_model

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model = init_model(config, None, device='cpu', cfg_options=options)
    generator = torch.Generator().manual_seed(0)
    model.set_vocabulary(classes, F.normalize(torch.randn(
        words, model.decode_head.in_channels, generator=generator)))
    yield dict(package=mmseg_clipzs.__file__)
    for number, line in enumerate(sys.stdin):
        wall, cpu = time.perf_counter(), time.process_time()
        labels = inference_model(model, line.strip()).pred_sem_seg.data[0]
        taken = dict(cpu=time.process_time() - cpu,
                     wall=time.perf_counter() - wall)
        file = Path(folder) / f'{number}.npy'
        np.save(file, labels.numpy().astype(np.int32))
        yield dict(taken, labels=str(file), peak=_peak())


def _peak():
    """int | None: Peak memory in bytes, where Linux tells."""
    try:
        with open('/proc/self/status', encoding='ascii') as status:
            return next(int(line.split()[1]) * 1024 for line in status
                        if line.startswith('VmHWM:'))
    except OSError:
        return None


if __name__ == '__main__':
    # The answers alone; libraries print, too.
    with os.fdopen(os.dup(1), 'w', encoding='utf-8') as answers:
        os.dup2(2, 1)
        for answer in main(**json.loads(sys.argv[1])):
            print(json.dumps(answer), file=answers, flush=True)

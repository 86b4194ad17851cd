import numpy as np
import pytest
import torch

CLASSES = ('sky', 'grass', 'cat', 'dog', 'unicorn')


@pytest.fixture
def label_maps():
    """Four (truth, prediction) pairs of different sizes.

    255 is ignored; 'unicorn' neither occurs nor is predicted; 'cat' occurs
    but is never predicted.
    """
    rng = np.random.default_rng(0)
    pairs = []
    for i in range(4):
        size = 20 + 7 * i, 31 - 3 * i
        truth = rng.choice([0, 1, 2, 3, 255], size)
        wrong = rng.random(size) < 0.3
        guess = np.where(wrong | (truth > 3), rng.choice([0, 1, 3], size),
                         truth)
        pairs.append((truth, np.where(guess == 2, 1, guess)))
    return pairs


@pytest.fixture
def plain_iou(label_maps):
    """IoU in percent by class, counted over all pixels at once."""
    truth, guess = (np.concatenate([pair[i].ravel() for pair in label_maps])
                    for i in (0, 1))
    truth, guess = truth[truth != 255], guess[truth != 255]
    return {
        name: 100 * ((truth == i) & (guess == i)).sum() / union
        if (union := ((truth == i) | (guess == i)).sum()) else np.nan
        for i, name in enumerate(CLASSES)}


@pytest.fixture
def evaluate(label_maps):
    """``evaluate(metric)``: its figures for label maps."""
    def run(metric, label_maps=label_maps):
        metric.dataset_meta = dict(classes=CLASSES)
        for i, (truth, guess) in enumerate(label_maps):
            metric.process({}, [dict(
                img_path=f'{i}.jpg',
                gt_sem_seg=dict(data=torch.from_numpy(truth)[None]),
                pred_sem_seg=dict(data=torch.from_numpy(guess)[None]))])
        return metric.evaluate(len(label_maps))

    return run

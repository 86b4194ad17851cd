"""ResCLIP's labels of patches and its matrix of feedback, pair by pair."""
import math
from collections import Counter

import torch


def same_label(labels, path_check=True):
    """(h, w) labels -> (h * w, h * w)."""
    h, w = labels.shape
    places = [(y, x) for y in range(h) for x in range(w)]
    largest = max(h, w) - 1
    shares = torch.linspace(0, 1, largest + 1)
    rows = torch.zeros(h * w, h * w)
    for i, start in enumerate(places):
        for j, end in enumerate(places):
            if labels[start] != labels[end]:
                continue
            distance = max(abs(a - b) for a, b in zip(start, end))
            passed = {labels[tuple(
                int((a + share * (b - a)).round())
                for a, b in zip(start, end))].item()
                for share in shares[:distance + 1]}
            blocked = path_check and len(passed) > 1
            rows[i, j] = math.exp(-distance / largest) if blocked else 1
    return rows


def smoothed(rows, std=5.):
    """Convolved with a Gaussian along the row, which then sums to 1."""
    count = len(rows)
    reach = min(count, 31) // 2
    result = torch.zeros_like(rows)
    for column in range(count):
        for other in range(max(column - reach, 0),
                           min(column + reach + 1, count)):
            result[:, column] += rows[:, other] * math.exp(
                -(column - other)**2 / (2 * std**2))
    return result / result.sum(1, keepdim=True)


def votes(words, grid, patch):
    """(H, W) words of the pixels -> (h, w), the most frequent of a patch."""
    result = torch.zeros(grid, dtype=torch.int64)
    for y in range(grid[0]):
        for x in range(grid[1]):
            counts = Counter(words[y * patch:y * patch + patch,
                                   x * patch:x * patch + patch]
                             .flatten().tolist())
            most = max(counts.values())
            result[y, x] = min(
                word for word, n in counts.items() if n == most)
    return result

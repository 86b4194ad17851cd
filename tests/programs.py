"""TorchScript archives that run code when they are loaded."""
import torch
from torch import nn


class Program(nn.Module):
    """Creates the file ``victim`` if torch.jit.load runs its code."""

    def __init__(self, victim):
        super().__init__()
        self.victim = victim
        self.weight = torch.zeros(2)

    @torch.jit.export
    def __getstate__(self):
        return self.victim, self.weight, self.training

    @torch.jit.export
    def __setstate__(self, state: tuple[str, torch.Tensor, bool]):
        self.victim = state[0]
        self.weight = torch.from_file(state[0], True, 16)
        self.training = state[2]

    def forward(self, x: torch.Tensor):
        return x

from mmcv.cnn import build_norm_layer
from torch import nn


class Projector(nn.Sequential):
    """Projection of a tower to the joint space: Linear, norm, ReLU, Linear.

    Args:
        in_dims, hidden_dims, out_dims (int): Widths.
        norm_cfg (dict): Norm layer of the hidden layer.
    """

    def __init__(self, in_dims, hidden_dims, out_dims, norm_cfg):
        super().__init__(
            nn.Linear(in_dims, hidden_dims),
            build_norm_layer(norm_cfg, hidden_dims)[1], nn.ReLU(),
            nn.Linear(hidden_dims, out_dims))

    def forward(self, x):
        """(..., C) -> (..., D); batch norm statistics are over all rows."""
        rows = super().forward(x.flatten(0, -2))
        return rows.unflatten(0, x.shape[:-1])

"""Classifiers whose weights come from text, in the place of ``conv_seg``."""
import torch
import torch.nn.functional as F
from torch import nn


class TextClassifier(nn.Conv2d):
    """A 1 x 1 convolution with frozen text embeddings as its weights.

    MaskCLIP (arXiv 2112.01071), section 3.5. Parameters and their names are
    those of the ``conv_seg`` it replaces, so that a checkpoint fits a stock
    head.

    Args:
        embeddings (Tensor): (C, D) float32, rows of length 1.
        learn_background (bool): Put a learnt embedding in front, which is
            normalised when it is used.
        normalize (bool): Normalise the features, which makes the output a
            cosine.
    """

    def __init__(self, embeddings, learn_background=False, normalize=False):
        super().__init__(embeddings.size(1), len(embeddings), 1)
        self.normalize = normalize
        self.set_embeddings(embeddings)
        if learn_background:
            self.background = nn.Parameter(
                nn.init.normal_(torch.empty(1, embeddings.size(1), 1, 1)))
        else:
            self.register_parameter('background', None)

    def set_embeddings(self, embeddings):
        """Classify with other embeddings (C, D) from now on."""
        weight = embeddings[:, :, None, None].to(self.weight)
        if weight.shape == self.weight.shape:
            self.weight.requires_grad_(False).copy_(weight)
            self.bias.requires_grad_(False).zero_()
            return
        self.weight = nn.Parameter(weight.clone(), requires_grad=False)
        self.bias = nn.Parameter(
            self.weight.new_zeros(len(weight)), requires_grad=False)
        self.out_channels = len(weight)

    def class_weights(self):
        """Tensor: (C, D, 1, 1), with the background in front if learnt."""
        if self.background is None:
            return self.weight
        return torch.cat([F.normalize(self.background, dim=1), self.weight])

    def forward(self, features):
        """(N, D, h, w) -> (N, C, h, w), or C + 1 with a background."""
        if self.normalize:
            features = F.normalize(features, dim=1)
        return F.conv2d(features, self.class_weights())


class MappedClassifier(nn.Module):
    """A 1 x 1 convolution whose weights a trained mapper makes from text.

    The negative baseline of MaskCLIP, section 3.2: it fits the classes it was
    trained on and fails on others.

    Args:
        embeddings (Tensor): (C, D) float32, rows of length 1.
        channels (int): Width of the features to classify.
    """

    def __init__(self, embeddings, channels):
        super().__init__()
        width = embeddings.size(1)
        self.mapper = nn.Sequential(
            nn.Linear(width, width), nn.ReLU(), nn.Linear(width, channels))
        self.register_buffer('embeddings', embeddings, persistent=False)

    def set_embeddings(self, embeddings):
        """Classify with other embeddings (C, D) from now on."""
        self.embeddings = embeddings.to(self.embeddings)

    def forward(self, features):
        """(N, channels, h, w) -> (N, C, h, w)."""
        weight = self.mapper(self.embeddings)  # (C, D) -> (C, channels)
        return F.conv2d(features, weight[:, :, None, None])

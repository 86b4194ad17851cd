"""Replacements for ``conv_seg`` with weights from text embeddings."""
import torch
import torch.nn.functional as F
from torch import nn

from mmseg_clipzs.utils import UserError


def average_words(embeddings, counts):
    """Embeddings of classes from those of their words.

    Args:
        embeddings (Tensor): (Q, D).
        counts (list[int]): Number of words of each class, Q in total.

    Returns:
        Tensor: (C, D), normalised mean over the words of each class.
    """
    return F.normalize(torch.stack(
        [words.sum(0) for words in embeddings.split(counts)]), dim=1)


class TextClassifier(nn.Conv2d):
    """1x1 convolution with frozen text embeddings as weights.

    MaskCLIP (arXiv 2112.01071), section 3.5. Its parameters are named as in
    ``conv_seg``, so that checkpoints load into a stock head. The embeddings
    are NaN until they are set or loaded.

    Args:
        width (int): Width D of the features.
        classes (int): Number C of text embeddings.
        learn_background (bool): Prepend a learnt embedding, normalised in the
            forward pass.
        normalize (bool): Normalise the features, so that scores are cosines.
    """

    def __init__(self, width, classes, learn_background=False,
                 normalize=False):
        super().__init__(width, classes, 1)
        self.normalize = normalize
        self.set_embeddings(torch.full((classes, width), torch.nan))
        if learn_background:
            self.background = nn.Parameter(
                nn.init.normal_(torch.empty(1, width, 1, 1)))
        else:
            self.register_parameter('background', None)

    def set_embeddings(self, embeddings):
        """Replace the text embeddings.

        Args:
            embeddings (Tensor): (C, D), unit-length rows; any C.
        """
        self._known = False
        weight = embeddings[:, :, None, None].to(self.weight)
        if weight.shape == self.weight.shape:
            self.weight.requires_grad_(False).copy_(weight)
            self.bias.requires_grad_(False).zero_()
            return
        self.weight = nn.Parameter(weight.clone(), requires_grad=False)
        self.bias = nn.Parameter(
            self.weight.new_zeros(len(weight)), requires_grad=False)
        self.out_channels = len(weight)

    def _load_from_state_dict(self, *args, **kwargs):
        self._known = False
        super()._load_from_state_dict(*args, **kwargs)

    def has_embeddings(self):
        """bool: Whether the text embeddings were set or loaded."""
        if not self._known:  # read once, not in every forward pass
            self._known = not self.weight.isnan().any().item()
        return self._known

    def class_weights(self):
        """Weights of all classes.

        Returns:
            Tensor: (C, D, 1, 1), or C + 1 with the learnt background first.

        Raises:
            UserError: The text embeddings were neither set nor loaded.
        """
        # A captured graph cannot ask for values.
        if not torch.compiler.is_compiling() and not self.has_embeddings():
            raise UserError(
                'The student has no text embeddings yet: load a checkpoint of '
                'its training, call set_vocabulary([...]), or train it.')
        if self.background is None:
            return self.weight
        return torch.cat([F.normalize(self.background, dim=1), self.weight])

    def forward(self, features):
        """Score features.

        Args:
            features (Tensor): (N, D, h, w).

        Returns:
            Tensor: (N, C, h, w), or C + 1 with a learnt background.
        """
        if self.normalize:
            features = F.normalize(features, dim=1)
        return F.conv2d(features, self.class_weights())


class MappedClassifier(nn.Module):
    """1x1 convolution with weights mapped from text embeddings.

    The trained baseline of MaskCLIP, section 3.2, which fails on classes
    outside its training set.

    Args:
        embeddings (Tensor): (C, D) float32, unit-length rows.
        channels (int): Width of the features.
    """

    def __init__(self, embeddings, channels):
        super().__init__()
        width = embeddings.size(1)
        self.mapper = nn.Sequential(
            nn.Linear(width, width), nn.ReLU(), nn.Linear(width, channels))
        self.register_buffer('embeddings', embeddings, persistent=False)

    def set_embeddings(self, embeddings):
        """Replace the text embeddings.

        Args:
            embeddings (Tensor): (C, D), unit-length rows; any C.
        """
        self.embeddings = embeddings.to(self.embeddings)

    def forward(self, features):
        """Score features.

        Args:
            features (Tensor): (N, channels, h, w).

        Returns:
            Tensor: (N, C, h, w).
        """
        weight = self.mapper(self.embeddings)  # (C, D) -> (C, channels)
        return F.conv2d(features, weight[:, :, None, None])

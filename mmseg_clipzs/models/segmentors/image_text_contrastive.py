import math
from dataclasses import replace

import torch
import torch.nn.functional as F
from mmengine.structures import PixelData
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from torch import nn

from mmseg_clipzs.clip import get_templates
from mmseg_clipzs.clip.text import check_texts, embed_checked
from mmseg_clipzs.clip.word_memory import WordMemory
from mmseg_clipzs.models.decode_heads.groupvit_head import GroupFeatures
from mmseg_clipzs.models.groupvit_weights import load_groupvit
from mmseg_clipzs.utils import UserError, check_number

from .contrastive_loss import contrastive_loss
from .embedded_words import check_embeddings
from .open_vocabulary_segmentor import OpenVocabularySegmentor
from .projector import Projector
from .zero_shot_data_preprocessor import preprocessor_config

_MEAN, _STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)  # ImageNet
_MAX_SCALE = 100.


@MODELS.register_module()
class ImageTextContrastive(OpenVocabularySegmentor):
    """GroupViT: learns to group from images and their captions.

    GroupViT (arXiv 2202.11094), section 3. Trained with the image-text and
    the multi-label contrastive loss, from text alone; segments by classifying
    its groups with words.

    Args:
        weights (str | None): Initial weights: 'toy' (ships with the package),
            a file (a checkpoint of this project, of the authors' code or of
            Hugging Face) or a name of its hub ('nvidia/groupvit-gcc-yfcc').
            Random only if None is given explicitly.
        backbone (dict): A :class:`GroupViT`.
        text_backbone, decode_head (dict): A :class:`TextTransformer` and a
            :class:`GroupViTHead`.
        embed_dims (int): Width D of the joint space.
        projector_dims (int): Hidden width of both projectors.
        norm_cfg (dict): Norm layer of both; statistics over all processes
            need ``sync_bn = 'torch'`` in the config.
        num_nouns (int): Noun prompts per caption in training; 0 disables the
            multi-label loss.
        vocabulary, prompts, text_embeddings, background_threshold,
            data_preprocessor, test_cfg: See :class:`ZeroShotSegmentor`, with
            three differences: features of several templates are averaged
            before they are normalised; mean and std are ImageNet's by
            default; and, as in the paper, the threshold is lowered to the
            best probability of any group where no group reaches it.

    Raises:
        UserError: Weights that do not fit, or options that contradict.
    """
    keep_groups = False  # in results, for visualization

    def __init__(self,
                 backbone,
                 text_backbone,
                 decode_head,
                 embed_dims=256,
                 projector_dims=4096,
                 norm_cfg=dict(type='BN1d'),  # noqa: B006
                 num_nouns=3,
                 vocabulary=None,
                 prompts='single',
                 text_embeddings=None,
                 background_threshold=None,
                 data_preprocessor=None,
                 train_cfg=None,
                 test_cfg=None,
                 pretrained=None,
                 init_cfg=None, **kwargs):
        if 'weights' not in kwargs or pretrained is not None:
            raise UserError(
                'Name the weights of GroupViT in weights=: "toy", a file, or '
                'a hub name such as "nvidia/groupvit-gcc-yfcc"; weights=None '
                'starts from random weights.')
        get_templates(prompts)  # those of all classes
        check_number('embed_dims', embed_dims, '[1, inf)', int)
        check_number('projector_dims', projector_dims, '[1, inf)', int)
        check_number('num_nouns', num_nouns, '[0, inf)', int)
        weights = kwargs.pop('weights')
        super().__init__(
            prompts, background_threshold, test_cfg,
            backbone=backbone,
            decode_head=dict(decode_head, in_channels=embed_dims),
            train_cfg=train_cfg,
            data_preprocessor=preprocessor_config(
                data_preprocessor, _MEAN, _STD),
            init_cfg=init_cfg,
            **kwargs)
        self.text_backbone = MODELS.build(text_backbone)
        self.image_projector, self.text_projector = (
            Projector(tower.embed_dims, projector_dims, embed_dims, norm_cfg)
            for tower in (self.backbone, self.text_backbone))
        self.num_nouns = num_nouns
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / .07)))
        if num_nouns:
            self.multi_label_logit_scale = nn.Parameter(
                torch.tensor(math.log(1 / .07)))
        self._embedded, self._given, self._memory = False, False, WordMemory()
        load_groupvit(self, weights)
        self._set_first_vocabulary(vocabulary, text_embeddings)

    def init_weights(self):
        """Weights are initialised or loaded by the constructor."""

    # ------------------------------------------------------------ vocabulary
    def _set_vocabulary(self, given, embeddings):
        super()._set_vocabulary(given, embeddings)
        self._given = embeddings is not None

    def current_embeddings(self):
        """See the base class; the text tower may have changed since."""
        self._ready_words()
        return super().current_embeddings()

    def embed_words(self, words):
        """None: the text tower may be trained or loaded before it is used."""
        self._embedded = False

    def _ready_words(self):
        """Embed the vocabulary unless its embeddings are up to date."""
        if not (self._embedded or self._given or self.vocabulary is None):
            (torch.compiler.disable if torch.compiler.is_compiling() else
             lambda embed: embed)(self._embed_vocabulary)()

    def _embed_vocabulary(self):
        towers = nn.ModuleList([self.text_backbone, self.text_projector])
        words, templates = self.vocabulary.words, get_templates(self.prompts)
        check_texts(tokenize := self.text_backbone.tokenize, words, templates)
        rows = self._memory.embed(
            towers.state_dict().values(), words, (self.training, templates),
            lambda new: embed_checked(tokenize, self.embed_tokens, new,
                                      templates, False))
        self.decode_head.set_text_embeddings(
            check_embeddings(self.vocabulary, rows))
        self._embedded = True

    def train(self, mode=True):
        self._embedded = self._embedded and mode == self.training
        return super().train(mode)

    def _load_from_state_dict(self, *args, **kwargs):
        super()._load_from_state_dict(*args, **kwargs)
        self._embedded = False

    def embed_tokens(self, tokens):
        """Embed texts in the joint space.

        Args:
            tokens (Tensor): (N, L) int64, from CLIP's tokenizer.

        Returns:
            Tensor: (N, D), not normalised.
        """
        tokens = tokens.to(self.logit_scale.device)
        return self.text_projector(self.text_backbone(tokens))

    def loss(self, inputs, data_samples):
        """Contrastive losses of images and their texts.

        Args:
            inputs (Tensor): (N, 3, H, W), normalised.
            data_samples (list[SegDataSample]): With ``tokens`` (1 + T, L): a
                caption and T prompts of its nouns; see
                :class:`PackImageText`.

        Returns:
            dict[str, Tensor]: ``loss_contrastive``, ``loss_multi_label`` and,
            for the log, ``logit_scale``.

        Raises:
            UserError: The number of prompts is not ``num_nouns``.
        """
        tokens = torch.stack([sample.tokens for sample in data_samples])
        if tokens.size(1) != 1 + self.num_nouns:
            raise UserError(
                f'The model has num_nouns={self.num_nouns}, but the dataset '
                f'supplies {tokens.size(1) - 1} noun prompts per caption. Set '
                'PackImageText(num_nouns=...) to the same number.')
        # The image embedding is the projection of the mean of the groups.
        image = self.image_projector(
            self.backbone(inputs).segments.mean(1, keepdim=True))
        text = self.embed_tokens(tokens.flatten(0, 1)).unflatten(
            0, tokens.shape[:2])  # (N, 1 + T, D)
        image, text = (F.normalize(x.float(), dim=-1) for x in (image, text))
        scale = self.logit_scale.exp().clamp(max=_MAX_SCALE)
        losses = dict(
            loss_contrastive=contrastive_loss(image, text[:, :1], scale))
        if self.num_nouns:
            losses['loss_multi_label'] = contrastive_loss(
                image, text[:, 1:],
                self.multi_label_logit_scale.exp().clamp(max=_MAX_SCALE))
        return dict(losses, logit_scale=scale.detach())

    # ------------------------------------------------------------- inference
    def extract_feat(self, inputs):
        """Embed images and their groups in the joint space.

        Args:
            inputs (Tensor): (N, 3, H, W), normalised.

        Returns:
            GroupFeatures: Features of the images.
        """
        segments, assignments, grid = self.backbone(inputs)
        image, groups = (F.normalize(self.image_projector(x), dim=-1)
                         for x in (segments.mean(1), segments))
        return GroupFeatures(image, groups, assignments, grid)

    def window_scores(self, features, size):
        """Class scores of windows, decoded one by one.

        Args:
            features (GroupFeatures): Features of N windows.
            size (tuple[int]): (H, W) of the windows.

        Returns:
            Tensor: (N, C, H, W) in [0, 1]: each pixel has the probabilities
            of its group. With a background threshold class 0 is 1 where the
            best class of the group is below it.
        """
        self._ready_words()
        scale = self.logit_scale.exp().clamp(max=_MAX_SCALE)
        scores = self.decode_head.score(self.merge_words(
            scale * self.decode_head(features)))  # (N, C, G)
        if self.background_threshold is not None:
            best = scores.amax(1)  # (N, G)
            # Lowered where no group of the window reaches it.
            reachable = best.amax(1, keepdim=True).clamp(
                max=self.background_threshold)
            scores[:, 0].masked_fill_(best < reachable, 1.)
        return self.decode_head.paint(
            scores, self.decode_head.final_groups(features, size))

    def owners(self, absent=None):
        """The classes themselves: windows are decoded to them already."""
        index = torch.arange(self.num_classes)
        return index, index

    def class_log_probabilities(self, scores):
        """See :meth:`OpenVocabularySegmentor.class_log_probabilities`.

        Where the paper's rule lets a class below the threshold win (no group
        of a window reaches it, or windows disagree), class 0 stays just below
        that class instead of being raised to the threshold.
        """
        # PAMR's weights may sum to slightly more than 1.
        log_p = scores.clamp(max=1).log()
        if self.background_threshold is not None:
            background, best = log_p[:, 0], log_p[:, 1:].amax(1)
            floor = torch.full_like(best, math.log(self.background_threshold))
            below = torch.nextafter(best, torch.full_like(best, -torch.inf))
            log_p[:, 0] = background.maximum(torch.where(
                background < best, floor.minimum(below), floor))
        return log_p

    def predict(self, inputs, data_samples=None):
        """Predict a batch; see the base class.

        With ``keep_groups`` each result has ``groups`` (stages, H, W) int64,
        the groups of the whole image after each stage.
        """
        results = super().predict(inputs, data_samples)
        for image, result in zip(inputs, results):
            self._add_groups(
                result, *self._whole_features([image]), image.shape[1:])
        return results

    def encode(self, inputs, data_samples=None):
        """Run the image tower alone; see the base class."""
        encoded = super().encode(inputs, data_samples)
        return replace(encoded, whole=self._whole_features(inputs))

    def decode(self, encoded, data_samples):
        """Predict encoded images; see the base class and :meth:`predict`."""
        results = super().decode(encoded, data_samples)
        for result, features in zip(results, encoded.whole):
            self._add_groups(result, features, encoded.images.shape[2:])
        return results

    def _whole_features(self, images):
        """tuple[GroupFeatures | None]: Of each whole image, for its groups."""
        return tuple(self.extract_feat(image[None]) if self.keep_groups
                     else None for image in images)

    def _add_groups(self, result, features, size):
        if features is None:
            return
        maps = torch.stack(self.decode_head.group_maps(features, size))
        result.groups = PixelData(data=resize(
            maps.transpose(0, 1).float(),  # (1, stages, h, w)
            size=result.pred_sem_seg.shape)[0].long())

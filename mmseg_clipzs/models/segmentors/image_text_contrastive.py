import math

import torch
import torch.nn.functional as F
from mmcv.cnn import build_norm_layer
from mmengine.structures import PixelData
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from torch import nn

from mmseg_clipzs.clip.text import embed_words, get_templates
from mmseg_clipzs.models.decode_heads.groupvit_head import GroupFeatures
from mmseg_clipzs.models.groupvit_weights import load_groupvit
from mmseg_clipzs.utils import UserError

from .contrastive_loss import contrastive_loss
from .open_vocabulary_segmentor import OpenVocabularySegmentor

_MEAN, _STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)  # ImageNet
_MAX_SCALE = 100.


class Projector(nn.Sequential):
    """From a tower to the joint space: Linear, norm, ReLU, Linear.

    Args:
        in_dims, hidden_dims, out_dims (int): Widths.
        norm_cfg (dict): Of the hidden layer.
    """

    def __init__(self, in_dims, hidden_dims, out_dims, norm_cfg):
        super().__init__(
            nn.Linear(in_dims, hidden_dims),
            build_norm_layer(norm_cfg, hidden_dims)[1], nn.ReLU(),
            nn.Linear(hidden_dims, out_dims))

    def forward(self, x):
        """(..., C) -> (..., D); a batch norm counts each row."""
        rows = super().forward(x.flatten(0, -2))
        return rows.unflatten(0, x.shape[:-1])


@MODELS.register_module()
class ImageTextContrastive(OpenVocabularySegmentor):
    """GroupViT: learns groups from pictures and their captions.

    GroupViT (arXiv 2202.11094), section 3. Trained with the image-text and
    the multi-label contrastive loss; segments with words by classifying its
    groups. Nothing but text is learnt from: a label never reaches the loss.

    Args:
        weights (str | None): What to begin with: 'toy' (comes along), a file
            (a checkpoint of this project, of the authors' code, or of Hugging
            Face), a name of Hugging Face's hub
            ('nvidia/groupvit-gcc-yfcc'). None, said explicitly: random.
        backbone (dict): A :class:`GroupViT`.
        text_backbone (dict): A :class:`TextTransformer`.
        decode_head (dict): A :class:`GroupViTHead`.
        embed_dims (int): Width D of the joint space.
        projector_dims (int): Hidden width of both projectors.
        norm_cfg (dict): Of both projectors; statistics over all processes
            need ``sync_bn = 'torch'`` in the config.
        num_nouns (int): Prompts with nouns for each caption in training; 0
            leaves the multi-label loss out.
        vocabulary, prompts, text_embeddings, background_threshold,
            data_preprocessor, test_cfg: As for :class:`ZeroShotSegmentor`,
            but that the features of several prompts are averaged before
            their normalisation, that mean and std are ImageNet's by default,
            and that the threshold, as in the paper, is lowered to the best
            probability of any group where none reaches it.

    Raises:
        UserError: Weights that are missing or do not fit; other options that
            do not fit together.
    """

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
                 init_cfg=None,
                 **kwargs):
        if 'weights' not in kwargs or pretrained is not None:
            raise UserError(
                'Name the weights of GroupViT in weights=: "toy", a file, or '
                'a hub name such as "nvidia/groupvit-gcc-yfcc"; weights=None '
                'begins with random ones on purpose.')
        weights = kwargs.pop('weights')
        preprocessor = dict(data_preprocessor
                            or dict(type='ZeroShotDataPreProcessor'))
        if preprocessor.get('mean') is None:
            preprocessor.update(mean=_MEAN, std=_STD)
        super().__init__(
            prompts,
            background_threshold,
            test_cfg,
            backbone=backbone,
            decode_head=dict(decode_head, in_channels=embed_dims),
            train_cfg=train_cfg,
            data_preprocessor=preprocessor,
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
        self.keep_groups = False  # in results, for pictures
        self._embedded = self._given = False
        load_groupvit(self, weights)
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, text_embeddings)

    def init_weights(self):
        """They are drawn, or loaded, when the model is built."""

    # ----------------------------------------------------------------- words
    def set_vocabulary(self, classes, text_embeddings=None):
        super().set_vocabulary(classes, text_embeddings)
        self._given = text_embeddings is not None

    def embed_words(self, words):
        """None: the text tower may learn or be loaded before it is asked."""
        self._embedded = False

    def _ready_words(self):
        """Embed the vocabulary, unless that is done."""
        if self._embedded or self._given or self.vocabulary is None:
            return
        device = self.logit_scale.device
        self.decode_head.set_text_embeddings(embed_words(
            self.text_backbone.tokenize,
            lambda tokens: self.embed_tokens(tokens.to(device)),
            self.vocabulary.words, get_templates(self.prompts),
            normalize_each=False))
        self._embedded = True

    def train(self, mode=True):
        self._embedded = self._embedded and mode == self.training
        return super().train(mode)

    def _load_from_state_dict(self, *args, **kwargs):
        super()._load_from_state_dict(*args, **kwargs)
        self._embedded = False

    def embed_tokens(self, tokens):
        """Texts in the joint space.

        Args:
            tokens (Tensor): (N, L) int64, as CLIP's tokenizer gives them.

        Returns:
            Tensor: (N, D), not normalised.
        """
        return self.text_projector(self.text_backbone(tokens))

    # -------------------------------------------------------------- training
    def loss(self, inputs, data_samples):
        """The contrastive losses of pictures and their texts.

        Args:
            inputs (Tensor): (N, 3, H, W), normalised.
            data_samples (list[SegDataSample]): With ``tokens`` (1 + T, L): a
                caption and T prompts with its nouns; see
                :class:`PackImageText`.

        Returns:
            dict[str, Tensor]: ``loss_contrastive``, ``loss_multi_label`` and,
            to be watched, ``logit_scale``.
        """
        tokens = torch.stack([sample.tokens for sample in data_samples])
        if tokens.size(1) != 1 + self.num_nouns:
            raise UserError(
                f'The model has num_nouns={self.num_nouns}, but '
                f'{tokens.size(1) - 1} prompts with nouns came with each '
                'caption. Set PackImageText(num_nouns=...) alike.')
        # The picture's embedding is the projection of the groups' mean.
        image = self.image_projector(
            self.backbone(inputs).segments.mean(1, keepdim=True))
        text = self.embed_tokens(tokens.flatten(0, 1)).unflatten(
            0, tokens.shape[:2])  # (N * (1 + T), L) -> (N, 1 + T, D)
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
        """Groups in the joint space.

        Args:
            inputs (Tensor): (N, 3, H, W), normalised.

        Returns:
            GroupFeatures: Of the pictures.
        """
        segments, assignments, grid = self.backbone(inputs)
        image, groups = (
            F.normalize(self.image_projector(x), dim=-1)
            for x in (segments.mean(1), segments))
        return GroupFeatures(image, groups, assignments, grid)

    def query_logits(self, inputs):
        """Class scores of windows, decoded window by window.

        Args:
            inputs (Tensor): (N, 3, H, W), normalised.

        Returns:
            Tensor: (N, C, H, W) in [0, 1]: each pixel has the scores of its
            group. With a background threshold class 0 is 1 where the group's
            best class does not reach it.
        """
        self._ready_words()
        features = self.extract_feat(inputs)
        scale = self.logit_scale.exp().clamp(max=_MAX_SCALE)
        logits = self.merge_words(scale * self.decode_head(features))
        scores = self.decode_head.score(logits)  # (N, C, G)
        if self.background_threshold is not None:
            best = scores.amax(1)  # (N, G)
            reachable = best.amax(1, keepdim=True).clamp(
                max=self.background_threshold)
            scores[:, 0].masked_fill_(best < reachable, 1.)
        groups = self.decode_head.final_groups(features, inputs.shape[2:])
        return self.decode_head.paint(scores, groups)

    def class_logits(self, logits):
        """As they are: windows are decoded to classes already."""
        return logits

    def probabilities(self, seg_logits):
        return seg_logits / seg_logits.sum(0).clamp(min=1e-12)

    def predict(self, inputs, data_samples=None):
        """Label maps of a batch; see the base class.

        With ``keep_groups`` each result has ``groups`` (stages, H, W) int64,
        the groups of the whole picture after each stage.
        """
        results = super().predict(inputs, data_samples)
        if self.keep_groups:
            for image, result in zip(inputs, results):
                maps = torch.stack(self.decode_head.group_maps(
                    self.extract_feat(image[None]), image.shape[1:]))
                result.groups = PixelData(data=resize(
                    maps.transpose(0, 1).float(),  # (1, stages, h, w)
                    size=result.pred_sem_seg.shape)[0].long())
        return results

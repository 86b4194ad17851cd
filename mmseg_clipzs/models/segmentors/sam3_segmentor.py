import logging
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from mmengine.logging import print_log
from mmseg.registry import MODELS

from mmseg_clipzs.checkpoints.pretrained import Pretrained
from mmseg_clipzs.clip import get_tokenizer
from mmseg_clipzs.clip.loading import dtype_of
from mmseg_clipzs.clip.text import check_texts
from mmseg_clipzs.utils import UserError, check_number, import_optional

from .foreign_segmentor import ForeignSegmentor

_PARTS = ('fpn_hidden_states', 'fpn_position_encoding')


@MODELS.register_module()
class Sam3Segmentor(ForeignSegmentor):
    """SAM 3 as a semantic segmentor: a leaderboard row, not a method of ours.

    SAM 3 (``Sam3Model`` of transformers) finds the instances of a word and
    has a head for the word's whole area. As in SegEarth-OV3 (arXiv
    2512.08730), the probability of a word is ::

        presence * max(semantic, max over instances (score * mask))

    The image features are computed once for all words, and the text features
    of a word once for all images.

    Args:
        weights (str | None): Required. A folder of transformers, or
            'facebook/sam3', whose terms must be accepted on the hub first.
            None for random weights.
        score_threshold (float): In [0, 1): instances count if score *
            presence is above.
        word_batch (int, optional): Words per forward pass of the decoder
            (default: 2 on a CPU, 16 on a GPU).
        precision (str): Dtype of the network, 'fp32', 'bf16' or 'fp16'.
        kwargs: See :class:`ForeignSegmentor`.

    Raises:
        UserError: Weights that are missing or of another model, or options
            out of range.
    """
    mean = std = (127.5, 127.5, 127.5)

    def __init__(self, score_threshold=0.5, word_batch=None, precision='fp32',
                 **kwargs):
        if 'weights' not in kwargs:
            raise UserError(
                'Name the weights of SAM 3 in weights=: a folder of '
                'transformers, or "facebook/sam3" once its terms are accepted '
                'on the hub; weights=None means random weights.')
        check_number('score_threshold', score_threshold, '[0, 1)')
        check_number('word_batch', word_batch, '[1, inf)', int, optional=True)
        dtype = dtype_of(precision)
        weights = kwargs.pop('weights')
        vocabulary = kwargs.pop('vocabulary', None)
        super().__init__(**kwargs)
        self.backbone = _load(weights).to(dtype)
        self.score_threshold = score_threshold
        self.word_batch = word_batch
        self._texts = None
        config = self.backbone.config
        self._size = config.image_size
        self._tokenize = get_tokenizer(
            'ViT-B-16',
            context_length=config.text_config.max_position_embeddings)
        self._set_first_vocabulary(vocabulary, None)

    def _set_vocabulary(self, given, embeddings):
        check_texts(
            self._tokenize, self._with_background(given).words, ['{}'])
        super()._set_vocabulary(given, embeddings)
        self._texts = None

    def extract_feat(self, inputs):
        """Image features, at the square size of SAM 3.

        Args:
            inputs (Tensor): (N, 3, H, W), normalised.

        Returns:
            Sam3VisionEncoderOutput: Features of N images.
        """
        return self.backbone.get_vision_features(F.interpolate(
            inputs.float(), (self._size, self._size), mode='bilinear',
            antialias=True).to(self.backbone.dtype))

    def word_maps(self, features, words):
        """See :meth:`ForeignSegmentor.word_maps`."""
        texts, masks = self._embedded(words)
        usual = 2 if texts.device.type == 'cpu' else 16
        parts = range(len(words))
        parts = [parts[i:i + (self.word_batch or usual)]
                 for i in parts[::self.word_batch or usual]]
        return torch.stack([
            torch.cat([self._probabilities(
                _expanded(features, n, len(part)), texts[part], masks[part])
                for part in map(list, parts)])
            for n in range(len(features.last_hidden_state))])

    def _probabilities(self, features, texts, mask):
        """Maps (W, h, w) of W words in one image.

        Args:
            features: Of the image, W times.
            texts (Tensor): (W, L, C), features of the tokens.
            mask (Tensor): (W, L) int64, 1 for a token and 0 for padding.
        """
        # transformers reads the features of texts from such an attribute.
        out = self.backbone(
            vision_embeds=features, attention_mask=mask,
            text_embeds=SimpleNamespace(pooler_output=texts))
        presence = out.presence_logits.float().sigmoid()  # (W, 1)
        scores = out.pred_logits.float().sigmoid()  # (W, instances)
        best = out.semantic_seg[:, 0].float().sigmoid()  # (W, h, w)
        for word, index in (
                scores * presence > self.score_threshold).nonzero().tolist():
            best[word] = best[word].maximum(
                scores[word, index]
                * out.pred_masks[word, index].float().sigmoid())
        return best * presence[..., None]

    def _embedded(self, words):
        """tuple[Tensor]: Features (Q, L, C) of the words, and their masks."""
        device = next(self.backbone.parameters()).device
        if self._texts is None or self._texts[0].device != device:
            tokens = self._tokenize(list(words)).to(device)
            # The last token, of the largest number, ends the text.
            mask = (torch.arange(tokens.size(1), device=device)
                    <= tokens.argmax(1, keepdim=True)).long()
            self._texts = torch.cat([
                self.backbone.get_text_features(
                    *part, return_dict=True).pooler_output
                for part in zip(tokens.split(256), mask.split(256))]), mask
        return self._texts


def _expanded(features, n, count):
    """Features of image n, as often as there are words."""
    return SimpleNamespace(hidden_states=None, attentions=None, **{
        name: tuple(each[n:n + 1].expand(count, -1, -1, -1)
                    for each in getattr(features, name)) for name in _PARTS})


def _load(weights):
    what, extra = 'SAM 3 (Sam3Segmentor)', 'foreign'
    if weights is not None:
        return Pretrained(
            weights, what, extra, 'facebook/sam3',
            '--cfg-options model.weights=FOLDER', is_gated=True,
        ).model('Sam3Model')
    library = import_optional('transformers', extra, what)
    print_log('SAM 3 has RANDOM weights (weights=None): its results are '
              'meaningless.', logger='current', level=logging.WARNING)
    return library.Sam3Model(library.Sam3Config()).eval().requires_grad_(False)

import numpy as np
from mmseg.datasets import PackSegInputs
from mmseg.registry import TRANSFORMS

from mmseg_clipzs.clip import get_templates, get_tokenizer
from mmseg_clipzs.utils import check_number

from .nouns import noun_finder, unique_nouns


@TRANSFORMS.register_module()
class PackImageText(PackSegInputs):
    """Pack an image with a caption and noun prompts.

    GroupViT's multi-label contrast (arXiv 2202.11094, section 3.2): random
    nouns of the captions, each in a random template, are additional positives
    of the image. Missing nouns are replaced by the caption.

    Required keys: img, captions (a list, one is drawn at random) or caption.
    Optional keys: nouns (list[str]).

    Args:
        num_nouns (int): Noun prompts per image; 0 for the caption only. Must
            equal ``ImageTextContrastive.num_nouns``.
        templates: Prompt templates, see
            :func:`mmseg_clipzs.clip.get_templates`.
        context_length (int): Tokens per text. Must equal
            ``TextTransformer.context_length``.
        words (optional): Word list for samples without ``nouns``, see
            :func:`mmseg_clipzs.vocabularies.get_vocabulary`. By default their
            nouns are found by
            :class:`mmseg_clipzs.datasets.image_text.nouns.NounTagger`.
        meta_keys (Sequence[str]): See ``PackSegInputs``.

    Raises:
        UserError: ``num_nouns`` is negative or not an integer, or the noun
            tagger is needed but not installed.
    """

    def __init__(self,
                 num_nouns=3,
                 templates='imagenet80',
                 context_length=77,
                 words=None,
                 meta_keys=('img_path', 'caption', 'ori_shape', 'img_shape',
                            'flip', 'flip_direction')):
        super().__init__(meta_keys)
        check_number('num_nouns', num_nouns, '[0, inf)', int)
        check_number('context_length', context_length, '[3, inf)', int)
        self.num_nouns = num_nouns
        self.templates = get_templates(templates)
        self.context_length = context_length
        self.tokenizer = get_tokenizer(
            'ViT-B-16', context_length=context_length)
        # The tagger is loaded on first use: it needs extra data.
        self._find_nouns = noun_finder(words) if words is not None else None

    def transform(self, results):
        """Pack one sample.

        Args:
            results (dict): With ``img`` (H, W, 3) uint8 BGR and captions.

        Returns:
            dict: ``inputs`` (3, H, W) uint8 BGR and ``data_samples``, a
            ``SegDataSample`` with ``tokens`` (1 + num_nouns, context_length)
            int64: the caption, then the noun prompts, each as start token,
            BPE tokens, end token and zero padding; long texts are truncated
            before the end token.
        """
        captions = results.get('captions') or [results['caption']]
        caption = captions[np.random.randint(len(captions))]
        packed = super().transform({**results, 'caption': caption})
        nouns = results.get('nouns')
        if nouns is None and self.num_nouns:
            self._find_nouns = self._find_nouns or noun_finder()
            nouns = unique_nouns(captions, self._find_nouns)
        packed['data_samples'].tokens = self.tokenizer(
            [caption, *self._positives(caption, nouns)])
        return packed

    def _positives(self, caption, nouns):
        """list[str]: ``num_nouns`` prompts."""
        if not self.num_nouns:
            return []
        nouns = list(dict.fromkeys(nouns))
        drawn = np.random.permutation(len(nouns))[:self.num_nouns]
        templates = np.random.randint(len(self.templates), size=len(drawn))
        prompts = [self.templates[template].format(nouns[noun])
                   for template, noun in zip(templates, drawn)]
        return prompts + [caption] * (self.num_nouns - len(prompts))

    def __repr__(self):
        return (f'{type(self).__name__}(num_nouns={self.num_nouns}, '
                f'context_length={self.context_length})')

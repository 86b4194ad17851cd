import numpy as np
from mmseg.datasets import PackSegInputs
from mmseg.registry import TRANSFORMS
from open_clip import SimpleTokenizer

from mmseg_clipzs.clip.text import get_templates
from mmseg_clipzs.utils import UserError

from .nouns import find_all, noun_finder


@TRANSFORMS.register_module()
class PackImageText(PackSegInputs):
    """Pack an image with a caption and prompts of the caption's nouns.

    GroupViT (arXiv 2202.11094, section 3.2): nouns of the captions, each in a
    template drawn at random, are further positives of the image. Where there
    are fewer nouns than wanted the caption itself, a positive too, takes the
    places left.

    Required keys: img, captions (a list, of which one is drawn) or caption;
    optional: nouns (list[str]).

    Args:
        num_nouns (int): Prompts for each image; 0 for the caption alone.
        templates: As for :func:`mmseg_clipzs.clip.text.get_templates`.
        context_length (int): Tokens of a text.
        words (optional): Where samples bring no ``nouns``: the list whose
            words in the captions are their nouns, as for
            :func:`mmseg_clipzs.vocabularies.get_vocabulary`. Default: the
            tagger of :mod:`mmseg_clipzs.datasets.image_text.nouns`.
        meta_keys (Sequence[str]): As of ``PackSegInputs``.

    Raises:
        UserError: ``num_nouns`` is no count; nouns are wanted, but there is
            no source of them.
    """

    def __init__(self,
                 num_nouns=3,
                 templates='imagenet80',
                 context_length=77,
                 words=None,
                 meta_keys=('img_path', 'caption', 'ori_shape', 'img_shape',
                            'flip', 'flip_direction')):
        super().__init__(meta_keys)
        if not isinstance(num_nouns, int) or num_nouns < 0:
            raise UserError(
                f'num_nouns is a count (0, 1, ...), but got {num_nouns!r}.')
        self.num_nouns = num_nouns
        self.templates = get_templates(templates)
        self.tokenizer = SimpleTokenizer(context_length=context_length)
        # The tagger needs data: it is loaded when it is first needed.
        self._find_nouns = noun_finder(words) if words else None

    def transform(self, results):
        """Pack one pair.

        Args:
            results (dict): With ``img`` (H, W, 3) uint8 BGR.

        Returns:
            dict: ``inputs`` (3, H, W) uint8 BGR and ``data_samples``, a
            ``SegDataSample`` with ``tokens`` (1 + num_nouns, context_length)
            int64: the caption's, then the prompts'; start, BPE, end, zeros;
            truncated in front of the end.
        """
        captions = results.get('captions') or [results['caption']]
        caption = captions[np.random.randint(len(captions))]
        packed = super().transform({**results, 'caption': caption})
        nouns = results.get('nouns')
        if nouns is None and self.num_nouns:
            self._find_nouns = self._find_nouns or noun_finder()
            nouns = find_all(captions, self._find_nouns)
        packed['data_samples'].tokens = self.tokenizer(
            [caption, *self._positives(caption, nouns)])
        return packed

    def _positives(self, caption, nouns):
        """``num_nouns`` texts."""
        if not self.num_nouns:
            return []
        nouns = list(dict.fromkeys(nouns))
        drawn = np.random.permutation(len(nouns))[:self.num_nouns]
        templates = np.random.randint(len(self.templates), size=len(drawn))
        prompts = [self.templates[template].format(nouns[noun])
                   for template, noun in zip(templates, drawn)]
        return prompts + [caption] * (self.num_nouns - len(prompts))

    def __repr__(self):
        return f'{type(self).__name__}(num_nouns={self.num_nouns})'

from mmengine.structures import PixelData
from mmseg.models.segmentors import SegTTAModel
from mmseg.registry import MODELS

from .maskclip_plus import MaskClipPlus
from .open_vocabulary_segmentor import OpenVocabularySegmentor
from .results import exchange
from .text_mapped_segmentor import TextMappedSegmentor

# Segmentors whose ``seg_logits`` are log-probabilities.
_OURS = (OpenVocabularySegmentor, MaskClipPlus, TextMappedSegmentor)


@MODELS.register_module()
class ZeroShotTTAModel(SegTTAModel):
    """Test-time augmentation that averages probabilities.

    mmseg's ``SegTTAModel`` applies a softmax to the ``seg_logits`` of each
    view, which would shift background thresholds. The segmentors of this
    package return log-probabilities; others are left to ``SegTTAModel``.

    Args:
        module (nn.Module | dict): The segmentor.
        data_preprocessor (dict, optional): See ``BaseTTAModel``.
    """

    def test_step(self, data):
        """Predict all views of a batch.

        Regions are found in the first view of each image; labels follow them
        after the views are merged.

        Args:
            data (dict): ``inputs`` and ``data_samples`` of each view.

        Returns:
            list[SegDataSample]: One result per image.
        """
        if getattr(self.module, 'regions', None) is None:
            return super().test_step(data)
        module, views = self.module.without_correction(), []
        for inputs, samples in zip(data['inputs'], data['data_samples']):
            for sample, first in zip(samples, views[0] if views else ()):
                sample.set_data(dict(regions=first.regions))
            views.append(module.test_step(
                dict(inputs=inputs, data_samples=samples)))
        return self.merge_preds([*zip(*views)])

    def merge_preds(self, data_samples_list):
        """Average the probabilities of the views of each image.

        Args:
            data_samples_list (list[list[SegDataSample]]): Results of all
                views for each image.

        Returns:
            list[SegDataSample]: One result per image, with ``pred_sem_seg``
            and ``seg_logits``, the logarithm of the mean probability.
        """
        if not isinstance(self.module, _OURS):
            return super().merge_preds(data_samples_list)
        return [self._merge(views) for views in data_samples_list]

    def _merge(self, views):
        mean = sum(view.seg_logits.data.exp() for view in views) / len(views)
        logits, merged = mean.log(), views[0]  # (C, H, W)
        own = labels = logits.argmax(0)
        if isinstance(self.module, OpenVocabularySegmentor):
            labels = self.module.follow_regions(own, merged)
        merged.set_data(dict(
            seg_logits=PixelData(data=exchange(logits, own, labels)),
            pred_sem_seg=PixelData(data=labels[None])))
        return merged

from mmengine.structures import PixelData
from mmseg.models.segmentors import SegTTAModel
from mmseg.registry import MODELS

from .maskclip_plus import MaskClipPlus
from .open_vocabulary_segmentor import OpenVocabularySegmentor
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

    @staticmethod
    def _merge(views):
        mean = sum(view.seg_logits.data.exp() for view in views) / len(views)
        logits = mean.log()  # (C, H, W)
        merged = views[0]
        merged.set_data(dict(
            seg_logits=PixelData(data=logits),
            pred_sem_seg=PixelData(data=logits.argmax(0, keepdim=True))))
        return merged

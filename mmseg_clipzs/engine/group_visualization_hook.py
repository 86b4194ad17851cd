from mmseg.registry import HOOKS

from mmseg_clipzs.datasets import read_image
from mmseg_clipzs.visualization import grouping_sheet

from .image_files_hook import ImageFilesHook
from .unwrap import unwrap


@HOOKS.register_module()
class GroupVisualizationHook(ImageFilesHook):
    """Draw GroupViT's groups next to the prediction images.

    With ``--show-dir``, a second image ``NAME_groups`` shows the input, the
    groups of each stage and the prediction. Other models only get the first.

    Args:
        kwargs: As for ``SegVisualizationHook``.
    """

    def before_test(self, runner):
        model = unwrap(runner.model, 'keep_groups')
        if self.draw and model is not None:
            model.keep_groups = True

    def _after_iter(self, runner, batch_idx, data_batch, outputs,
                    mode='val'):
        super()._after_iter(runner, batch_idx, data_batch, outputs, mode)
        if not self.draw or not self.every_n_inner_iters(
                batch_idx, self.interval):
            return
        meta = self.meta()
        for output in outputs:
            if 'groups' in output:
                sheet = grouping_sheet(
                    read_image(output.img_path),
                    output.groups.data.cpu().numpy(),
                    output.pred_sem_seg.data[0].cpu().numpy(),
                    meta['classes'], meta['palette'])
                self._add_image(
                    f'{self.name(output.img_path)}_groups', sheet, 0)

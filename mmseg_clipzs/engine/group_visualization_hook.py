from pathlib import Path

from mmseg.engine.hooks import SegVisualizationHook
from mmseg.registry import HOOKS

from mmseg_clipzs.datasets import read_image
from mmseg_clipzs.visualization import grouping_sheet

from .vocabulary_hook import unwrap


@HOOKS.register_module()
class GroupVisualizationHook(SegVisualizationHook):
    """mmseg's pictures of predictions, and those of GroupViT's groups.

    Where pictures are drawn (``--show-dir``), a second one, named
    ``NAME_groups``, shows the photo, the groups of each stage and the classes.

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
        meta = self._visualizer.dataset_meta
        for output in outputs:
            if 'groups' in output:
                picture = grouping_sheet(
                    read_image(output.img_path),
                    output.groups.data.cpu().numpy(),
                    output.pred_sem_seg.data[0].cpu().numpy(),
                    meta['classes'], meta['palette'])
                self._visualizer.add_image(
                    f'{Path(output.img_path).stem}_groups', picture)

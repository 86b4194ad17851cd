from pathlib import Path

import mmcv
import mmengine.fileio as fileio
import numpy as np
from mmengine.dist import is_main_process
from mmengine.visualization import LocalVisBackend
from mmseg.engine.hooks import SegVisualizationHook
from mmseg.registry import HOOKS
from PIL import Image

from mmseg_clipzs.utils import atomic_write
from mmseg_clipzs.visualization import save_image


@HOOKS.register_module()
class ImageFilesHook(SegVisualizationHook):
    """mmseg's ``SegVisualizationHook`` for any number of processes.

    mmengine draws in the main process only. Here each process draws its own
    images, and writes them where mmengine's backend for local files does:
    ``vis_data/vis_image``. Other backends and windows only get the pictures
    of the main process.

    Args:
        kwargs: As for ``SegVisualizationHook``.

    Attributes:
        names (dict[str, str]): Path of an image -> name of its pictures, with
            folders; see :func:`mmseg_clipzs.datasets.unique_names`. By default
            the image's own.
        dataset_meta (dict, optional): ``classes`` and ``palette``; by default
            the visualizer's, which only the main process has.
    """
    dataset_meta = None
    names = {}

    def _after_iter(self, runner, batch_idx, data_batch, outputs,
                    mode='val'):
        if not self.draw or not self.every_n_inner_iters(
                batch_idx, self.interval):
            return
        for output in outputs:
            path = Path(output.img_path)
            name = f'{self.name(output.img_path).parent / mode}_{path.name}'
            self._add_image(name, self._drawn(output), runner.iter)

    def meta(self):
        """dict: ``classes`` and ``palette``."""
        return self.dataset_meta or self._visualizer.dataset_meta

    def name(self, path):
        """Path: Name of an image's pictures.

        Args:
            path (str): The image.
        """
        return Path(self.names.get(path, Path(path).stem))

    def _drawn(self, output):
        """ndarray: (H, W or 2 W, 3) uint8 RGB, ground truth and prediction."""
        image = mmcv.imfrombytes(
            fileio.get(output.img_path, backend_args=self.backend_args),
            channel_order='rgb')
        meta = self.meta()
        return np.concatenate([
            self._visualizer._draw_sem_seg(
                image, output.get(key), meta['classes'], meta['palette'])
            for key in ('gt_sem_seg', 'pred_sem_seg') if key in output], 1)

    def _add_image(self, name, image, step):
        """Show a picture, or give it to the backends.

        Args:
            name (str): With folders.
            image (ndarray): (H, W, 3) uint8 RGB.
            step (int): Iteration.
        """
        if self.show:
            self._visualizer.show(image, name, self.wait_time)
            return
        for backend in self._visualizer._vis_backends.values():
            if isinstance(backend, LocalVisBackend):
                folder = Path(backend.experiment._img_save_dir)
                with atomic_write(folder / f'{name}_{step}.png') as temporary:
                    save_image(temporary, Image.fromarray(image))
            elif is_main_process():
                backend.add_image(name, image, step)

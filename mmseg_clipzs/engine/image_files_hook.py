from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import mmcv
import mmengine.fileio as fileio
from mmengine.dist import is_main_process
from mmengine.visualization import LocalVisBackend
from mmseg.engine.hooks import SegVisualizationHook
from mmseg.registry import HOOKS
from PIL import Image

from mmseg_clipzs.utils import atomic_write


@HOOKS.register_module()
class ImageFilesHook(SegVisualizationHook):
    """mmseg's ``SegVisualizationHook`` for any number of processes.

    Each process writes the pictures of its images, where mmengine's backend
    for local files does: ``vis_data/vis_image``. Other backends and windows
    only get the pictures of the main process.

    Args:
        kwargs: As for ``SegVisualizationHook``.

    Attributes:
        names (dict[str, str]): Path of an image -> name of its pictures, with
            folders; see :func:`mmseg_clipzs.datasets.unique_names`. By default
            the image's own.
    """
    names = {}

    def _after_iter(self, runner, batch_idx, data_batch, outputs,
                    mode='val'):
        if not self.draw or not self.every_n_inner_iters(
                batch_idx, self.interval):
            return
        for output in outputs:
            self._draw(output, mode, runner.iter)

    def _draw(self, output, mode, step):
        """Draw the prediction for an image."""
        content = fileio.get(output.img_path, backend_args=self.backend_args)
        image = mmcv.imfrombytes(content, channel_order='rgb')
        # mmengine draws in the main process only.
        draw = type(self._visualizer).add_datasample
        draw = partial(getattr(draw, '__wrapped__', draw), self._visualizer)
        path = Path(output.img_path)
        name = f'{self.name(output.img_path).parent / mode}_{path.name}'
        if self.show:
            if is_main_process():
                draw(name, image, output, show=True,
                     wait_time=self.wait_time, step=step)
            return
        with TemporaryDirectory() as folder:
            drawn = f'{folder}/drawn.png'
            draw(name, image, output, out_file=drawn)
            self._add_image(name, mmcv.imread(
                drawn, channel_order='rgb'), step)

    def _add_image(self, name, image, step):
        """Give a picture to the backends.

        Args:
            name (str): With folders.
            image (ndarray): (H, W, 3) uint8 RGB.
            step (int): Iteration.
        """
        for backend in self._visualizer._vis_backends.values():
            if isinstance(backend, LocalVisBackend):
                folder = Path(backend.experiment._img_save_dir)
                with atomic_write(folder / f'{name}_{step}.png') as temporary:
                    Image.fromarray(image).save(temporary)
            elif is_main_process():
                backend.add_image(name, image, step)

    def name(self, path):
        """Path: Name of an image's pictures.

        Args:
            path (str): The image.
        """
        return Path(self.names.get(path, Path(path).stem))

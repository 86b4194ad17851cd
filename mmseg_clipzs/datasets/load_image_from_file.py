from mmcv.transforms import LoadImageFromFile as _LoadImageFromFile
from mmseg.registry import TRANSFORMS

from mmseg_clipzs.utils import check_is_file

from .images import ImageReadError, open_image, read_image


@TRANSFORMS.register_module()
class LoadImageFromFile(_LoadImageFromFile):
    """mmcv's transform, which says which image it cannot read, and why.

    Replaces mmcv's under the same name, as configs call it. Decodes the same
    pixels. Paths that are no ordinary files are refused before they are
    opened, and Pillow (``imdecode_backend='pillow'``) only reads raster
    formats.
    """

    def transform(self, results):
        """Load one image.

        Args:
            results (dict): With ``img_path``.

        Returns:
            dict | None: With ``img``, ``img_shape`` and ``ori_shape``; None
            for an unreadable image with ``ignore_empty``.

        Raises:
            ImageReadError: The image is missing or cannot be decoded.
        """
        path = results['img_path']
        is_local = not (self.backend_args or self.file_client_args) and (
            '://' not in str(path))
        try:
            if is_local:
                check_is_file(path, 'an image')
                if self.imdecode_backend == 'pillow':
                    open_image(path).close()
            return super().transform(results)
        except Exception as e:  # decoders raise all kinds of errors
            if self.ignore_empty:
                return None
            if is_local:
                read_image(path)  # raises the sentence
            raise ImageReadError(
                f'The image {path} cannot be decoded by '
                f'{self.imdecode_backend}: {" ".join(str(e).split())}.') from e

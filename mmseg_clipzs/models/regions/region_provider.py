class RegionProvider:
    """Base class of what divides images into regions.

    Attributes:
        network (nn.Module | None): A frozen network that it runs. Segmentors
            keep it on their device and in their precision, but out of their
            checkpoints.
    """
    network = None

    def __call__(self, image, meta):
        """Find the regions of an image.

        Args:
            image (ndarray): (H, W, 3) uint8 RGB, upright, at its original
                size unless that is larger than the working size.
            meta (dict): ``metainfo`` of the image: ``ori_shape`` and, if it
                comes from a file, ``img_path``.

        Returns:
            ndarray: (H, W) integers of any kind, the region of each pixel, 0
            for none; of the size of the image or of ``ori_shape``.
        """
        raise NotImplementedError

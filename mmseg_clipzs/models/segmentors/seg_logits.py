from mmengine.structures import PixelData


class SegLogits(PixelData):
    """``seg_logits`` of a result, computed when ``data`` is first read.

    These are C x H x W floats at the size of the image, which callers that
    only need label maps never read.

    Args:
        make (Callable, optional): () -> (C, H, W) log-probabilities.
        make_at (Callable, optional): (H, W) int64 classes -> (H, W), their
            log-probabilities, without all of them at once.
        source_bytes (int): Memory of what they are computed from.
    """

    def __init__(self, make=None, make_at=None, source_bytes=0, **kwargs):
        super().__init__(**kwargs)
        self.__dict__.update(_make=make, _make_at=make_at,
                             source_bytes=source_bytes)

    def at(self, labels):
        """Log-probabilities of one class at each pixel.

        They are elements of ``data``, but take the memory of a label map.

        Args:
            labels (Tensor): (H, W) int64, classes.

        Returns:
            Tensor: (H, W).
        """
        make = self.__dict__.get('_make_at')
        if make is not None:
            return make(labels)
        return self.data.gather(0, labels[None].to(self.data.device))[0]

    def _fill(self):
        make = self.__dict__.get('_make')
        if make is not None:
            self.data = make()
            # Frees what they refer to.
            self.__dict__.update(_make=None, _make_at=None)

    def __getattr__(self, name):
        if name == 'data':
            self._fill()
        if name not in self.__dict__:
            raise AttributeError(
                f'{type(self).__name__} has no attribute {name!r}')
        return self.__dict__[name]

    def items(self):
        """Like ``PixelData``; moving or copying the element fills it."""
        self._fill()
        return super().items()

    def __getstate__(self):
        """Fill before pickling and deep copies, which leave out the model."""
        self._fill()
        return self.__dict__

    def to_dict(self):
        """Like ``PixelData``, but empty while ``data`` is unread.

        Evaluators turn every result into a dict.
        """
        return super().to_dict() if 'data' in self else {}

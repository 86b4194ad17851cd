from mmengine.structures import PixelData


class SegLogits(PixelData):
    """``seg_logits`` of a result, computed when ``data`` is first read.

    These are C x H x W floats at the size of the image, which callers that
    only need label maps never read.

    Args:
        make (Callable, optional): () -> (C, H, W) log-probabilities.
    """

    def __init__(self, make=None, **kwargs):
        super().__init__(**kwargs)
        self.__dict__['_make'] = make

    def _fill(self):
        make = self.__dict__.get('_make')
        if make is not None:
            self.data = make()
            self.__dict__['_make'] = None  # frees what it refers to

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

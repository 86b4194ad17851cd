"""The models behind the page."""
import threading

from mmseg_clipzs.apis import ZeroShotInferencer
from mmseg_clipzs.utils import AUTO


class Models:
    """Inferencers of choices, built when they are first asked for.

    Args:
        catalogue (Catalogue): What there is.
        device (str, optional): As of the inferencer.
        max_size (int | str | None): As of the inferencer.
    """

    def __init__(self, catalogue, device=None, max_size=AUTO):
        self._catalogue = catalogue
        self._settings = dict(device=device, max_size=max_size)
        self._built, self._lock = {}, threading.Lock()

    def encode(self, choice, photo):
        """EncodedImage: What :meth:`predict` gets."""
        return self._of(choice).encode(photo)

    def predict(self, choice, encoded, classes, background=None):
        """ZeroShotResult: Of a photo with classes."""
        return self._of(choice).predict(classes, background, encoded)

    def _of(self, choice):
        with self._lock:
            if choice not in self._built:
                config, options = self._catalogue.config_of(choice)
                self._built[choice] = ZeroShotInferencer(
                    config, cfg_options=options, **self._settings)
            return self._built[choice]

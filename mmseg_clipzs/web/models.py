"""The models behind the page, which all visitors share."""
import threading
from collections import OrderedDict

from mmseg_clipzs.apis import ZeroShotInferencer
from mmseg_clipzs.utils import AUTO, check_number


class Models:
    """An inferencer for each choice, built when it is first asked for.

    Nothing that a visitor asks for changes one: photos and words are passed
    with each call. Threads may share the models.

    Args:
        catalogue (Catalogue): Says what a choice is.
        device (str, optional): As of :class:`.ZeroShotInferencer`.
        max_size (int | str | None): Likewise.
        keep (int): Inferencers in memory; the one that is unused for the
            longest time goes first.
    """

    def __init__(self, catalogue, device=None, max_size=AUTO, keep=3):
        self._catalogue = catalogue
        self._settings = dict(device=device, max_size=max_size)
        self._keep = check_number('keep', keep, '[1, inf)', int)
        self._built = OrderedDict()  # the last used at the end
        # Those that are built need not wait for one that is being built.
        self._lock, self._building = threading.Lock(), threading.Lock()

    def encode(self, choice, photo):
        """Run the image tower.

        Args:
            choice (Choice): From the catalogue.
            photo: As of :meth:`.ZeroShotInferencer.encode`.

        Returns:
            EncodedImage: For :meth:`predict` with the same choice.

        Raises:
            UserError: A photo, choice or model that cannot be used.
        """
        return self._get(choice).encode(photo)

    def predict(self, choice, encoded, classes, background=None):
        """Segment an encoded photo.

        Args:
            choice (Choice): From the catalogue.
            encoded (EncodedImage): From :meth:`encode`.
            classes, background: As of :meth:`.ZeroShotInferencer.predict`.

        Returns:
            ZeroShotResult: The result.

        Raises:
            UserError: Unusable classes, choice or model.
        """
        return self._get(choice).predict(classes, background, encoded)

    def _get(self, choice):
        found = self._find(choice)
        if found is not None:
            return found
        with self._building:
            found = self._find(choice)  # built while this one waited
            if found is not None:
                return found
            config, options = self._catalogue.config_of(choice)
            with self._lock:  # before there is one more
                while len(self._built) >= self._keep:
                    self._built.popitem(last=False)
            found = ZeroShotInferencer(
                config, cfg_options=options, **self._settings)
            with self._lock:
                self._built[choice] = found
            return found

    def _find(self, choice):
        with self._lock:
            if choice in self._built:
                self._built.move_to_end(choice)
            return self._built.get(choice)

"""One image, many vocabularies."""
import torch

from mmseg_clipzs.models.segmentors.open_vocabulary_segmentor import (
    OpenVocabularySegmentor,
)
from mmseg_clipzs.utils import (
    UserError,
    read_background,
    show_progress,
    shown,
)
from mmseg_clipzs.vocabularies import get_vocabulary

from .encoded_image import EncodedImage
from .photos import Photo
from .trained_model import make_result


class Asking:
    """Encoding an image once, and asking for words any number of times."""

    @torch.no_grad()
    def encode(self, photo):
        """Run the image tower once, for any number of :meth:`predict` calls.

        Args:
            photo: A file, an array, a tensor or a PIL image.

        Returns:
            EncodedImage: For ``predict(image=)`` of this inferencer or one of
            the same config and options.

        Raises:
            UserError: A missing or damaged image, or a trained segmentor.
        """
        if not isinstance(self.model, OpenVocabularySegmentor):
            raise UserError(
                f'{type(self.model).__name__} is a trained segmentor, whose '
                'features depend on its classes: call the inferencer instead.')
        photo = Photo(photo, 0)
        image, transparent = photo.read_visible()
        image = image.copy()
        batch = self.make_batch([image], [photo.path])
        data = self.model.data_preprocessor(batch, False)
        with show_progress():
            features = self.model.encode(**data)
        return EncodedImage(
            photo.names[0], photo.path, image, transparent,
            data['data_samples'][0], features, self._identity())

    def set_image(self, photo):
        """Keep the :meth:`encode`-d image for :meth:`predict`.

        Each thread that sets an image has its own; others get the last one.

        Args:
            photo: See :meth:`encode`.

        Raises:
            UserError: See :meth:`encode`.
        """
        self._local.encoded = None
        self._local.encoded = self._encoded = self.encode(photo)

    @torch.no_grad()
    def predict(self, classes=None, background=None, image=None):
        """Segment an image that has been encoded.

        Nothing that other calls see is changed.

        Args:
            classes (optional): See ``set_vocabulary``; for this call only. By
                default those of the model.
            background (str | float, optional): As of the inferencer, for this
                call only. By default the inferencer's.
            image (EncodedImage, optional): By default that of
                :meth:`set_image`.

        Returns:
            ZeroShotResult: The same as from calling the inferencer.

        Raises:
            UserError: No image, or that of another model; unusable classes.
        """
        if image is None:
            image = getattr(self._local, 'encoded', self._encoded)
        if image is None:
            raise UserError('No image is set: call set_image(photo) first.')
        self._check(image)
        contrast, threshold = (self._contrast, None) if background is None \
            else read_background(background)
        with self._lock:
            if contrast and classes is None:
                classes = self.model.vocabulary
            model = self.model.with_vocabulary(
                with_contrast(classes, contrast), threshold)
        with show_progress():
            sample, = model.decode(image.features, [image.sample.clone()])
        return make_result(
            model, image.photo, sample, image.name, image.path).ignoring(
                image.transparent)

    def _identity(self):
        """str: The model, whose features no other model can read."""
        job = self._job
        return ' '.join([job.name, *filter(None, [
            job.checkpoint, str(dict(job.options) or '')])])

    def _check(self, image):
        if not isinstance(image, EncodedImage):
            raise UserError('image= is what encode(photo) returned, but got '
                            f'{shown(image)}.')
        if image.model != self._identity():
            raise UserError(
                f'The image was encoded by {image.model}, whose features '
                f'{self._identity()} cannot read: encode it again.')


def with_contrast(classes, contrast):
    """Classes with contrast words, if they are wanted."""
    return get_vocabulary(classes).with_contrast() if (
        contrast and classes is not None) else classes

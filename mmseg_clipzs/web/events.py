"""What happens when a visitor uses the page."""
import functools
import logging

import gradio as gr

from mmseg_clipzs.utils import AUTO, UserError

from .catalogue import Choice

_LOG = logging.getLogger(__name__)
_BUG = 'Something went wrong that is no fault of yours. It is in the log.'


def _answering(handle):
    """Turn errors of a handler into sentences; the rest stays as it is."""
    @functools.wraps(handle)
    def answer(self, *values):
        try:
            return {self.parts.message: '', **handle(self, *values)}
        except UserError as e:
            return {self.parts.message: str(e)}
        except Exception:
            _LOG.exception('%s failed', handle.__name__)
            return {self.parts.message: _BUG}
    return answer


class Events:
    """The handlers of a page.

    Args:
        parts (Namespace): The components of the page.
        models (Models): What segments.
        sessions (Sessions): What belongs to the visitors.
        limits (Limits): What a visitor may ask for.
        examples (Sequence): (photo, words) to begin with.
    """

    def __init__(self, parts, models, sessions, limits, examples):
        self.parts, self._models, self._sessions = parts, models, sessions
        self._limits, self._examples = limits, examples

    def connect(self, page):
        """Let the components of a page call the handlers.

        Args:
            page (gr.Blocks): It is open.
        """
        parts = self.parts
        settings = [parts.words, parts.method, parts.clip, parts.background,
                    parts.contrast]
        outputs = [parts.message, parts.viewer]
        shared = dict(concurrency_id='model', concurrency_limit=1,
                      api_visibility='private')
        page.load(_with_request(self.begin), None, [*outputs, parts.words],
                  **shared)
        parts.photo.upload(_with_request(self.take),
                           [parts.photo, *settings], outputs, **shared)
        gr.on([each.change for each in settings], _with_request(self.change),
              settings, outputs, trigger_mode='always_last', **shared)
        parts.forget.click(_with_request(self.forget), None,
                           [*outputs, parts.photo], api_visibility='private')
        page.unload(_with_request(self.end))

    @_answering
    def begin(self, session):
        """Segment the first example."""
        photo, words = self._examples[0]
        self._get(session).set_photo(photo)
        return {self.parts.words: words}  # whose change segments

    @_answering
    def take(self, session, photo, *settings):
        """Segment another photo."""
        if photo is None:
            return {}
        self._get(session).set_photo(photo)
        return self._segment(session, *settings)

    @_answering
    def change(self, session, *settings):
        """Segment the photo with other settings."""
        return self._segment(session, *settings)

    @_answering
    def forget(self, session):
        """Drop what belongs to the visitor."""
        self._sessions.forget(session)
        return {self.parts.photo: None, self.parts.viewer: None}

    def end(self, session):
        """The page was closed."""
        self._sessions.forget(session)

    def _get(self, session):
        return self._sessions.get(session)

    def _segment(self, key, words, method, clip, background, contrast):
        session, choice = self._get(key), Choice(method, clip)
        if session.photo is None:
            return {}
        classes = [line for line in words.splitlines() if line.strip()]
        if not classes:
            raise UserError('Write a word for each thing to look for.')
        threshold = [f'{background:g}'] if background else []
        shown = ','.join([AUTO] * contrast + threshold) or None
        if choice not in session.encoded:
            session.encoded[choice] = self._models.encode(
                choice, session.photo)
        result = self._models.predict(
            choice, session.encoded[choice], classes, shown)
        session.results = [result]
        return {self.parts.viewer: result.picture()}


def _with_request(handle):
    """A handler that Gradio calls, with the visitor's session first."""
    def call(request: gr.Request, *values):
        return handle(request.session_hash, *values)
    return call

"""What happens when a visitor uses the page."""
import inspect
import logging
from functools import partial

import gradio as gr

from mmseg_clipzs.utils import UserError, user_message

from .answering import Question
from .catalogue import Choice
from .components import Viewer, script
from .uploads import without_dot
from .words import make_rows

_LOG = logging.getLogger(__name__)
_SCENE = ("These are the scene's words. Write what your photo may show.")
_ALONE = ('A word alone covers the whole photo. Add others, or switch on '
          'contrast words.')
_BUG = 'That did not work, which is not your fault. The log says why.'
_FULL = ('No answer came: perhaps too many people are waiting. Please try '
         'again in a moment.')


class Events:
    """The handlers of a page: from Gradio's values to a session, and back.

    Args:
        parts (Namespace): The components of the page.
        answering (Answering): Answers questions.
        sessions (Sessions): What belongs to the visitors.
        uploads (Uploads): What browsers have sent.
        examples (Sequence[Example]): Photos to begin with.
    """

    def __init__(self, parts, answering, sessions, uploads, examples):
        self.parts, self._answering = parts, answering
        self._sessions, self._uploads = sessions, uploads
        self._examples = examples

    def connect(self, page):
        """Let the components of a page call the handlers.

        Args:
            page (gr.Blocks): It is open.
        """
        self._page, parts = page, self.parts
        settings = [parts.words, parts.method, parts.clip, parts.second,
                    parts.background, parts.contrast]
        answer = [parts.message, parts.viewer, parts.which, parts.command,
                  parts.python]
        # One after the other: a model has all cores.
        shared = dict(concurrency_id='model', concurrency_limit=1,
                      api_visibility='private', show_progress_on=parts.viewer)

        def on(listen, handle, inputs, outputs, **options):
            event = listen(self._handler(handle),
                           [parts.forgotten, *inputs], outputs,
                           **{**shared, **options})
            event.failure(None, None, parts.message, js=f'() => "{_FULL}"')
            return event

        waitless = dict(concurrency_id='waitless', concurrency_limit=None)
        # In the browser alone; afterwards for colours chosen meanwhile.
        recolour = None, [parts.words, parts.viewer], parts.viewer
        chosen = [*answer, parts.words, *parts.examples]
        on(page.load, self.begin, [], chosen)
        for number, button in enumerate(parts.examples):
            on(button.click, partial(self.choose, number),
               settings[1:], chosen, trigger_mode='multiple')
        # At once, so that what waits in the queue can be forgotten too.
        on(parts.photo.input, self.claim, [parts.photo], [parts.message],
           trigger_mode='multiple', show_progress='hidden', **waitless)
        on(parts.photo.input, self.take, [parts.photo, *settings],
           [*answer, parts.photo, *parts.examples],
           trigger_mode='multiple').then(
               _by_session(self.tidy), api_visibility='private')
        on(partial(gr.on, [each.input for each in settings]), self.change,
           settings, [*answer, parts.clip], trigger_mode='always_last').then(
               *recolour, js=script('recolour.js'))
        parts.words.change(*recolour, js=script('recolour.js'))
        on(parts.viewer.heat, self.heat, [], [parts.message, parts.viewer],
           trigger_mode='always_last')
        lines = [parts.message, parts.command, parts.python]
        on(parts.viewer.opacity, self.fade, [parts.which], lines,
           trigger_mode='always_last', show_progress='hidden')
        on(parts.which.input, self.lines, [parts.which], lines,
           trigger_mode='always_last', show_progress='hidden')
        for kind, button in parts.files.items():
            on(button.click, partial(self.file, kind), [parts.which],
               [parts.message, parts.file]).success(
                   None, parts.file, None, js=script('save.js'))
        # Questions that were sent before are void.
        pressed = parts.forget.click(
            None, parts.forgotten, parts.forgotten, js='times => times + 1')
        on(pressed.then, self.forget, [parts.forgotten],
           [*answer, parts.photo, *parts.examples], **waitless)
        page.unload(_by_session(self.end))

    # --------------------------------------------------- what visitors do
    def begin(self, key):
        """Segment the first example; the page has just been opened."""
        default = self._answering.catalogue.default
        yield from self.choose(0, key, default.method, default.clip, '', 0,
                               False)

    def choose(self, number, key, *settings):
        """Segment an example, with its words."""
        example, session = self._examples[number], self._sessions.get(key)
        session.set_photo(example.path)
        rows = make_rows(example.words)
        yield {self.parts.words: rows, **self._show_photo(session, number)}
        yield self._answer(session, rows, *settings)

    def claim(self, key, photo):
        """A file that was sent is the visitor's."""
        if photo is not None:
            self._uploads.claim(key, photo.path)
        return {}

    def take(self, key, photo, *settings):
        """Segment a photo of the visitor's."""
        if photo is None:
            return
        self._uploads.claim(key, photo.path)
        session = self._sessions.get(key)
        try:
            session.set_photo(photo.path, photo.orig_name)
        finally:  # the viewer shows it, if it can be read
            self._uploads.note_copy(key, photo.path)
            yield {self.parts.photo: None}
        is_scene = any(
            make_rows(each.words) == settings[0] for each in self._examples)
        hint = _SCENE if is_scene else ''
        yield self._show_photo(session, hint=hint)
        yield self._answer(session, *settings, hint=hint)

    def change(self, key, *settings):
        """Segment the photo with other settings."""
        session, question = self._sessions.get(key), Question(*settings)
        return {**self._fitting_clips(question),
                **self._answer(session, *settings)}

    def heat(self, key, event: gr.EventData):
        """Show the heat map of a class, or none any more."""
        value = self._answering.heat(
            self._sessions.get(key), _sent(event, 'name'))
        return {} if value is None else {self.parts.viewer: value}

    def fade(self, key, which, event: gr.EventData):
        """Remember the opacity, which pictures to take away have."""
        session = self._sessions.get(key)
        self._answering.fade(session, _sent(event, 'opacity'))
        return self._lines(session, which)

    def lines(self, key, which):
        """Show the lines of one of two answers."""
        return self._lines(self._sessions.get(key), which)

    def file(self, kind, key, which):
        """Offer a file to take away."""
        yield {self.parts.file: None}  # should there be none
        path = self._answering.file(
            self._sessions.get(key), kind, which or 0)
        yield {self.parts.file: without_dot(path)}

    def forget(self, key, times):
        """Drop what belongs to the visitor, and what waits in the queue."""
        self._end(key, times)
        return {self.parts.photo: None, self.parts.which: _hidden(),
                self.parts.command: '', self.parts.python: '',
                self.parts.message: gr.update(value='', refused=False),
                **self._mark(None),
                # An update of Gradio's would leave out None, and so keep it.
                self.parts.viewer: Viewer(value=None, photo=None)}

    def tidy(self, key):
        """Remove what the visitor has sent, of which the session has a copy.

        The browser shows it until the photo has been taken.
        """
        self._uploads.release(key)

    def end(self, key):
        """The visitor has left."""
        self._end(key)

    def _end(self, key, times=None):
        self._sessions.forget(key, times)
        self._uploads.release(key, also_waiting=True)
        # Gradio would keep what it has shown, photo included, for good.
        self._page.state_holder.session_data.pop(key, None)

    # ------------------------------------------------------------- answers
    def _show_photo(self, session, number=None, hint=''):
        """dict: Updates for a photo: of an example, or of the visitor's."""
        return {self.parts.viewer: gr.update(
                    value=None, photo=session.photo.shown),
                self.parts.message: _said(session, hint),
                **self._mark(number)}

    def _mark(self, number):
        """dict: Updates of the examples, one of which may be chosen."""
        return {button: gr.update(
            variant='primary' if i == number else 'secondary')
            for i, button in enumerate(self.parts.examples)}

    def _answer(self, session, *settings, hint=''):
        """dict: Updates of the viewer and what goes with it."""
        try:
            value = self._answering.answer(session, Question(*settings))
        except Exception as e:
            session.refusal = _sentence(e)
            return {self.parts.message: _said(session)}
        session.refusal = ''
        if session.photo is None:  # forgotten meanwhile
            return {}
        titles = self._answering.titles(session)
        shown = {} if value is None else {self.parts.viewer: value}
        which = gr.update(
            choices=[(title, i) for i, title in enumerate(titles)], value=0,
            visible=len(titles) > 1)
        alone = session.shown and self._answering.covers_all(session)
        return {**shown, **self._lines(session, 0), self.parts.which: which,
                self.parts.message: _said(session, _ALONE if alone else hint)}

    def _lines(self, session, which):
        return dict(zip((self.parts.command, self.parts.python),
                        self._answering.lines(session, which or 0)))

    def _fitting_clips(self, question):
        return {self.parts.clip: gr.update(
            **self._answering.catalogue.clip_menu(
                Choice(question.method, question.clip)))}

    def _handler(self, handle):
        """Callable: What Gradio calls, with errors as sentences."""
        takes_event = 'event' in inspect.signature(handle).parameters

        def answer(request: gr.Request, event: gr.EventData, times, *values):
            given = dict(event=event) if takes_event else {}
            key = request.session_hash
            if self._sessions.is_void(key, times):
                return
            try:
                done = handle(key, *values, **given)
                for each in done if inspect.isgenerator(done) else [done]:
                    if self._sessions.is_void(key, times):
                        return
                    if self.parts.message not in each:
                        each[self.parts.message] = _said(
                            self._sessions.get(key))
                    yield each
            except Exception as e:
                if not self._sessions.is_void(key, times):
                    yield {self.parts.message: _sentence(e)}

        return answer


def _by_session(handle):
    """Callable: What Gradio calls, for a handler that shows nothing."""
    def run(request: gr.Request):
        handle(request.session_hash)

    return run


def _said(session, hint=''):
    """dict: Update of the message, which says what is still refused."""
    return gr.update(value=session.refusal or hint,
                     refused=bool(session.refusal and session.shown))


def _sentence(error):
    """str: What the visitor reads; the rest is logged."""
    text = None if isinstance(error, OSError) else user_message(error)
    if text is None:
        _LOG.error('A question could not be answered.', exc_info=error)
    return text or _BUG


def _sent(event, name):
    """Any: What an event of the browser carries by a name."""
    if not isinstance(event._data, dict) or name not in event._data:
        raise UserError('The page sent something else. Load it again.')
    return event._data[name]


def _hidden():
    return gr.update(choices=[], value=None, visible=False)

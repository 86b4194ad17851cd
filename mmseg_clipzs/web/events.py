"""What happens when a visitor uses the page."""
import inspect
import logging
from functools import partial

import gradio as gr

from mmseg_clipzs.utils import UserError, user_message

from .answering import Question
from .catalogue import Choice
from .components import Viewer
from .uploads import without_dot
from .words import make_rows

_LOG = logging.getLogger(__name__)
_ALONE = ('A word alone covers the whole photo. Add others, or switch on '
          'contrast words.')
_BUG = 'That did not work, which is not your fault. The log says why.'
_FULL = ('No answer came: perhaps too many people are waiting. Please try '
         'again in a moment.')
# Colours of the rows of words, for the classes of answers to just these rows;
# others wait for theirs. The background has no row, unless a visitor has
# written one.
RECOLOUR = '''
(rows, value) => {
  const used = rows.filter(row => row.on && row.text.trim());
  const isTheirs = value && value.rows && value.rows.length === used.length
    && value.rows.every((text, i) => text === used[i].text);
  return !isTheirs ? value : {
    ...value, answers: value.answers.map(answer => ({
      ...answer, classes: answer.classes.map(each => ({
        ...each, colour: (used[each.row] || each).colour,
      }))}))};
}'''
_SAVE = '''
file => {
  if (!file) return;
  const link = document.createElement('a');
  link.href = file.url;
  link.download = file.orig_name || '';
  link.click();
}'''


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
        on(page.load, self.begin, [], [*answer, parts.words])
        for number, button in enumerate(parts.examples):
            on(button.click, partial(self.choose, number),
               settings[1:], [*answer, parts.words], trigger_mode='multiple')
        # At once, so that what waits in the queue can be forgotten too.
        on(parts.photo.input, self.claim, [parts.photo], [parts.message],
           trigger_mode='multiple', show_progress='hidden', **waitless)
        on(parts.photo.input, self.take, [parts.photo, *settings],
           [*answer, parts.photo], trigger_mode='multiple').then(
               _by_session(self.tidy), api_visibility='private')
        on(partial(gr.on, [each.input for each in settings]), self.change,
           settings, [*answer, parts.clip], trigger_mode='always_last').then(
               *recolour, js=RECOLOUR)
        parts.words.change(*recolour, js=RECOLOUR)
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
                   None, parts.file, None, js=_SAVE)
        # Questions that were sent before are void.
        pressed = parts.forget.click(
            None, parts.forgotten, parts.forgotten, js='times => times + 1')
        on(pressed.then, self.forget, [parts.forgotten],
           [*answer, parts.photo], **waitless)
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
        yield {self.parts.words: rows, **self._show_photo(session)}
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
        yield self._show_photo(session)
        yield self._answer(session, *settings)

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
        path = self._answering.file(
            self._sessions.get(key), kind, which or 0)
        return {self.parts.file: without_dot(path)}

    def forget(self, key, times):
        """Drop what belongs to the visitor, and what waits in the queue."""
        self._end(key, times)
        return {self.parts.photo: None, self.parts.which: _hidden(),
                self.parts.command: '', self.parts.python: '',
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
    def _show_photo(self, session):
        return {self.parts.viewer: gr.update(
            value=None, photo=session.photo.shown)}

    def _answer(self, session, *settings):
        """dict: Updates of the viewer and what goes with it."""
        value = self._answering.answer(session, Question(*settings))
        if session.photo is None:  # forgotten meanwhile
            return {}
        titles = self._answering.titles(session)
        shown = {} if value is None else {self.parts.viewer: value}
        which = gr.update(
            choices=[(title, i) for i, title in enumerate(titles)], value=0,
            visible=len(titles) > 1)
        alone = session.shown and self._answering.covers_all(session)
        return {**shown, **self._lines(session, 0), self.parts.which: which,
                self.parts.message: _ALONE if alone else ''}

    def _lines(self, session, which):
        return dict(zip((self.parts.command, self.parts.python),
                        self._answering.lines(session, which or 0)))

    def _fitting_clips(self, question):
        catalogue = self._answering.catalogue
        choice = catalogue.fit(
            Choice(question.method, question.clip))
        clips = catalogue.clips_for(question.method)
        return {self.parts.clip: gr.update(
            choices=clips, value=choice.clip or None,
            interactive=bool(clips))}

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
                    yield {self.parts.message: '', **each}
            except Exception as e:
                if not self._sessions.is_void(key, times):
                    yield {self.parts.message: _sentence(e)}

        return answer


def _by_session(handle):
    """Callable: What Gradio calls, for a handler that shows nothing."""
    def run(request: gr.Request):
        handle(request.session_hash)

    return run


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

"""What visitors' questions are answered with; nothing of Gradio."""
import shutil
from dataclasses import dataclass

from mmseg_clipzs.labels import BACKGROUND
from mmseg_clipzs.utils import AUTO, UserError, check_flag, check_number

from .answers import shown_answer
from .catalogue import Choice
from .files import write_file
from .reproduce import Settings, command_line, given_colours, python_lines
from .session import Asked
from .words import read_words


@dataclass(frozen=True)
class Question:
    """The page's settings, as they come from a browser: perhaps anything.

    Attributes:
        rows (list[dict]): Words; see :func:`.read_words`.
        method (str): Name of the catalogue.
        clip (str | None): Likewise; one that does not fit the method is
            replaced.
        second (str): Another method, or '' for none.
        background (float): Probability below which pixels are background, in
            [0, 1); 0 is none.
        contrast (bool): Whether there are contrast words.

    Raises:
        UserError: A value of another kind; rows are not read yet.
    """
    rows: list
    method: str
    clip: str
    second: str = ''
    background: float = 0.
    contrast: bool = False

    def __post_init__(self):
        for name in (self.method, self.clip or '', self.second):
            check_text(name)
        check_number('Background', self.background, '[0, 1)')
        check_flag('Contrast words', self.contrast)


def check_text(value):
    """Refuse what a browser sends in place of a text.

    Raises:
        UserError: It is none.
    """
    if not isinstance(value, str):
        raise UserError(
            'These are no settings of this page. Load it again.')


class Answering:
    """Answers the questions of all visitors.

    Args:
        models (Models): What segments.
        catalogue (Catalogue): What there is to choose.
        limits (Limits): What a visitor may ask for.
        max_size (int | str | None): Of the models.
    """

    def __init__(self, models, catalogue, limits, max_size=AUTO):
        self._models, self.catalogue = models, catalogue
        self._limits, self._max_size = limits, max_size

    def answer(self, session, question):
        """Segment a visitor's photo.

        Args:
            session (Session): The visitor's.
            question (Question): The settings.

        Returns:
            dict | None: Value of the viewer; None if it shows that already,
            apart from colours, or if the photo has been replaced or forgotten
            meanwhile.

        Raises:
            UserError: No photo, unusable settings, or the time is up.
        """
        photo, asked = session.photo, self._asked(question)
        is_shown = asked == session.shown and [
            each.texts for each in asked] == [
                each.texts for each in session.shown]
        results = [session.result(self._models, each) for each in asked]
        if session.photo is not photo:
            return None
        session.shown = asked  # with the present colours
        return None if is_shown else self._value(session, results)

    def heat(self, session, name):
        """Show the heat map of a class, also in later answers.

        Args:
            session (Session): The visitor's.
            name (str | None): The class; None to show none any more.

        Returns:
            dict | None: As of :meth:`answer`.

        Raises:
            UserError: Another thing than a name.
        """
        check_text(name or '')
        session.heat = name
        if name is None or not session.shown:
            return None
        photo = session.photo
        results = self._results(session)
        return None if session.photo is not photo else self._value(
            session, results)

    def fade(self, session, opacity):
        """Remember the opacity, which pictures to take away have.

        Args:
            session (Session): The visitor's.
            opacity (float): In [0, 1].

        Raises:
            UserError: Another value.
        """
        session.opacity = float(check_number('Opacity', opacity, '[0, 1]'))

    def covers_all(self, session):
        """bool: Whether the only class leaves nothing to any other."""
        asked = session.shown[0]
        return len(asked.classes) == 1 and asked.background is None

    def titles(self, session):
        """list[str]: Of the methods that are shown."""
        titles = {name: title for title, name in self.catalogue.methods}
        return [titles[each.choice.method] for each in session.shown]

    def lines(self, session, which=0):
        """Say how a result is made elsewhere.

        Args:
            session (Session): The visitor's.
            which (int): Of the answers that are shown.

        Returns:
            tuple[str, str]: The command, and the lines of Python; '' if
            nothing is shown.
        """
        if not session.shown:
            return '', ''
        settings, _ = self._settings(session, which)
        return command_line(settings), python_lines(settings)

    def file(self, session, kind, which=0):
        """Write a file for the visitor to take away.

        Args:
            session (Session): The visitor's.
            kind (str): Key of ``FILES``.
            which (int): Of the answers that are shown.

        Returns:
            Path: The file; the one before is removed.

        Raises:
            UserError: Nothing is shown, or as of :func:`.write_file`.
        """
        if not session.shown:
            raise UserError(
                session.lost or 'There is no result to take away yet.')
        settings, result = self._settings(session, which)
        if session.taken is not None:
            shutil.rmtree(session.taken, ignore_errors=True)
        with session.new_folder() as folder:
            session.taken = folder
            return write_file(kind, result, settings, folder)

    def _asked(self, question):
        """tuple[Asked]: One for each method."""
        words = read_words(question.rows, self._limits)
        background = round(question.background, 3) or None
        if question.contrast:
            background = AUTO if background is None else (
                f'{AUTO},{background:g}')
        methods = [question.method] + [question.second] * bool(question.second)
        return tuple(
            Asked(self.catalogue.fit(Choice(method, question.clip)),
                  tuple(words.classes), background, tuple(words.colours),
                  tuple(words.texts))
            for method in methods)

    def _results(self, session):
        return [session.result(self._models, each) for each in session.shown]

    def _value(self, session, results):
        asked, *_ = session.shown
        return dict(
            opacity_default=session.opacity, rows=list(asked.texts),
            answers=[shown_answer(result, title, session.heat, each.names,
                                  _wordless(each))
                     for each, result, title in zip(
                         session.shown, results, self.titles(session))])

    def _settings(self, session, which):
        """tuple[Settings, ZeroShotResult]: Of an answer that is shown."""
        check_number('The number of the answer', which, '[0, inf)', int)
        # There may be fewer answers than when the visitor chose one.
        asked = session.shown[min(which, len(session.shown) - 1)]
        result = session.result(self._models, asked)
        config, options = self.catalogue.config_of(asked.choice)
        return Settings(
            photo=session.photo.path.name, config=config, options=options,
            classes=list(asked.classes), background=asked.background,
            max_size=self._max_size, opacity=session.opacity,
            colours=given_colours(
                asked.classes, asked.colours, result.classes)), result


def _wordless(asked):
    """list[str]: Classes that only a threshold predicts."""
    has_words = str(asked.background).startswith(AUTO) or (
        BACKGROUND in asked.names)
    return [] if has_words else [BACKGROUND]

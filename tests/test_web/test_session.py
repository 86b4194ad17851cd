"""Sessions: each visitor's own, bounded, and gone without a trace."""
import base64
import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmseg_clipzs.apis import ZeroShotInferencer
from mmseg_clipzs.toy.scenes import make_scene
from mmseg_clipzs.utils import UserError
from mmseg_clipzs.web import session as module
from mmseg_clipzs.web.answers import shown_answer
from mmseg_clipzs.web.catalogue import Catalogue, Choice
from mmseg_clipzs.web.limits import Limits
from mmseg_clipzs.web.models import Models
from mmseg_clipzs.web.session import Asked
from mmseg_clipzs.web.sessions import Sessions

MASKCLIP, SCLIP = (Choice(name, 'toy-vit-p8:toy')
                   for name in ('maskclip_toy', 'sclip_toy'))
WORDS = ('grass, lawn', 'sea', 'brick')


class Clock:
    now = 0.

    def __call__(self):
        return self.now


@pytest.fixture(scope='module')
def models():
    return Models(Catalogue('maskclip_toy'), device='cpu')


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def sessions(clock):
    with Sessions(
            Limits(visitors=3, idle=100), clock=clock) as sessions:
        yield sessions


@pytest.fixture
def photo(tmp_path):
    return write_scene(tmp_path / 'photo.png')


def write_scene(path, seed=0):
    image = make_scene(np.random.default_rng(seed), 64)[0]
    Image.fromarray(image).save(path)
    return path


def decoded(url):
    return np.asarray(Image.open(io.BytesIO(
        base64.b64decode(url.partition(',')[2]))))


def files_of(sessions):
    return [path for path in Path(sessions._folder).rglob('*')]


def test_the_answer_is_that_of_the_inferencer(models, sessions, photo):
    session = sessions.get('a')
    session.set_photo(photo)
    result = session.result(models, Asked(MASKCLIP, WORDS, .5))
    want, = ZeroShotInferencer(
        'maskclip_toy', device='cpu', background=.5)(photo, WORDS)
    assert result.classes == want.classes and result.name == 'photo'
    assert np.array_equal(result.mask, want.mask)
    assert np.array_equal(result.confidence, want.confidence)
    shown = shown_answer(result)
    assert np.array_equal(decoded(shown['index']), want.mask)


def test_eight_threads_get_their_own_answers(models, sessions, tmp_path):
    limits = Limits()
    lists = [('grass', 'sea'), ('sky, cloud', 'sand', 'brick'),
             ('tree', 'water', 'road'), ('leaf', 'stone')]
    photos = [write_scene(tmp_path / f'{i}.png', i) for i in range(8)]
    alone = ZeroShotInferencer('maskclip_toy', device='cpu')
    with Sessions(limits) as many:
        def ask(i):
            session = many.get(str(i))
            session.set_photo(photos[i])
            return [session.result(models, Asked(
                MASKCLIP, lists[(i + turn) % 4], .4 if turn % 2 else None))
                for turn in range(4)]

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(ask, range(8)))
    for i, results in enumerate(answers):
        encoded = alone.encode(photos[i])
        for turn, result in enumerate(results):
            want = alone.predict(lists[(i + turn) % 4],
                                 .4 if turn % 2 else None, encoded)
            assert result.classes == want.classes
            assert np.array_equal(result.mask, want.mask)
            assert np.array_equal(result.confidence, want.confidence)


def test_words_and_thresholds_take_no_pass_of_the_tower(sessions, photo):
    models = Models(Catalogue('maskclip_toy'), device='cpu', keep=1)
    session = sessions.get('a')
    session.set_photo(photo)
    first = session.result(models, Asked(MASKCLIP, WORDS))
    calls = []
    models._get(MASKCLIP).model.backbone.register_forward_hook(
        lambda *args: calls.append(1))
    session.result(models, Asked(MASKCLIP, ('tree', 'sky'), .3))
    assert not calls
    again = session.result(models, Asked(MASKCLIP, WORDS))
    assert again.mask is first.mask  # found
    session.set_photo(photo)
    session.result(models, Asked(MASKCLIP, WORDS))
    assert calls == [1]
    model = models._get(MASKCLIP)
    session.result(models, Asked(SCLIP, WORDS))  # in its place
    assert models._get(MASKCLIP) is not model
    # Features are of the choice, not of the object.
    result = session.result(models, Asked(MASKCLIP, ('tree', 'sky')))
    assert result.classes == ('tree', 'sky')


def test_colours_are_of_the_question(models, sessions, photo):
    session = sessions.get('a')
    session.set_photo(photo)
    colours = ((1, 2, 3), (4, 5, 6), (7, 8, 9))
    plain = session.result(models, Asked(MASKCLIP, WORDS, .5))
    result = session.result(models, Asked(MASKCLIP, WORDS, .5, colours))
    assert result.mask is plain.mask
    assert result.palette == [plain.palette[0], *colours]
    assert shown_answer(result)['classes'][1]['colour'] == '#010203'


def test_nothing_is_left_of_a_forgotten_session(models, sessions, photo):
    session = sessions.get('a')
    session.set_photo(photo)
    session.result(models, Asked(MASKCLIP, WORDS))
    with session.new_folder() as folder:
        (folder / 'mask.png').touch()
        assert sessions.kept.nbytes and len(files_of(sessions)) == 5
        sessions.forget('a')
        (folder.parent).mkdir(exist_ok=True)  # of a download meanwhile
    assert session.photo is None and len(sessions) == 0
    assert sessions.kept.nbytes == 0 and files_of(sessions) == []
    with pytest.raises(UserError, match='Choose a photo'):
        session.result(models, Asked(MASKCLIP, WORDS))
    assert sessions.get('a') is not session


def test_a_photo_that_comes_too_late(sessions, photo, monkeypatch):
    """The session was forgotten while its photo was read."""
    session = sessions.get('a')
    read = module.read_visible
    monkeypatch.setattr(module, 'read_visible', lambda *given: (
        sessions.forget('a'), read(*given))[1])
    session.set_photo(photo)
    assert session.photo is None and files_of(sessions) == []


def test_sessions_expire(sessions, clock, photo):
    first = sessions.get('a')
    first.set_photo(photo)
    clock.now = 60
    second = sessions.get('b')
    second.set_photo(photo)
    clock.now = 120
    sessions.expire()
    assert first.photo is None and second.photo is not None
    assert sessions.get('b') is second and len(sessions) == 1


def test_the_longest_unused_goes_first(sessions):
    kept = [sessions.get(key) for key in 'abcad']
    assert kept[0] is kept[3] and len(sessions) == 3
    assert sessions.get('a') is kept[0]
    assert sessions.get('b') is not kept[1]


def test_why_a_photo_is_gone(models, sessions, clock, photo):
    """Until the visitor has another one."""
    for wanted in ('many others', 'unused'):
        sessions.get('a').set_photo(photo)
        for key in 'bcd':
            sessions.get(key)
            clock.now += 60 * (wanted == 'unused')
        for _ in range(2):
            with pytest.raises(UserError, match=wanted):
                sessions.get('a').result(models, Asked(MASKCLIP, WORDS))
    for key in range(100):
        sessions.get(key).set_photo(photo)
    assert len(sessions._lost) == 30


def test_what_was_sent_before_forgetting_is_void(sessions):
    first = sessions.get('a')
    assert not sessions.is_void('a', 0) and sessions.is_void('a', 'x')
    sessions.forget('a', 2)
    assert [sessions.is_void('a', times) for times in range(4)] == [
        True, True, False, False]
    assert sessions.get('a') is not first and not sessions.is_void('b', 0)
    sessions.forget('a')
    assert not len(sessions)


def test_all_files_go_at_the_end(models, photo):
    with Sessions(Limits()) as sessions:
        folder = sessions._folder
        sessions.get('../../a').set_photo(photo)
        assert len(files_of(sessions)) == 3
    assert not folder.exists() and len(sessions) == 0


def test_memory_is_bounded(models, photo):
    """What does not fit is computed again."""
    with Sessions(Limits(memory=1)) as sessions:
        for key in 'abcdef':
            session = sessions.get(key)
            session.set_photo(photo)
            for words in (WORDS, ('tree', 'sky')):
                session.result(models, Asked(MASKCLIP, words))
                assert 0 < sessions.kept.nbytes <= 1e6
        first = sessions.get('a')
        want = session.result(models, Asked(MASKCLIP, WORDS))
        assert np.array_equal(
            first.result(models, Asked(MASKCLIP, WORDS)).mask, want.mask)


def test_a_new_photo_drops_what_was_known(models, sessions, photo):
    session = sessions.get('a')
    session.set_photo(photo)
    before = session.photo
    session.result(models, Asked(MASKCLIP, WORDS))
    session.set_photo(photo)
    assert sessions.kept.nbytes == 0 and not before.path.exists()
    assert session.photo.key != before.key


def test_files_that_are_no_photos(sessions, photo, tmp_path):
    session = sessions.get('a')
    session.set_photo(photo)
    before = session.photo
    text = tmp_path / '<b>note.jpg'
    text.write_text('no photo')
    with pytest.raises(UserError, match='<b>note.jpg is not an image') as e:
        session.set_photo(text)
    assert str(tmp_path) not in str(e.value)
    assert session.photo is before and before.path.exists()


@pytest.mark.parametrize('limit, words', [
    (dict(max_bytes=1000), r'0\.0 MB.*up to 0\.001 MB'),
    (dict(max_pixels=4000), '64 x 64 pixels.*0.004 million')])
def test_large_photos(limit, words, photo):
    with Sessions(Limits(**limit)) as sessions, pytest.raises(
            UserError, match=words):
        sessions.get('a').set_photo(photo)


def test_an_answer_that_takes_too_long(models, photo):
    with Sessions(Limits(seconds=1e-9)) as sessions:
        session = sessions.get('a')
        session.set_photo(photo)
        with pytest.raises(UserError, match='1e-09 seconds, the limit'):
            session.result(models, Asked(MASKCLIP, WORDS))

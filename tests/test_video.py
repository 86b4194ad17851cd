"""Videos: frames, label maps, smoothing, interruptions."""
import json
from itertools import islice

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from mmseg_clipzs.apis import (
    OnnxInferencer,
    VideoRun,
    ZeroShotInferencer,
    segment_video,
)
from mmseg_clipzs.apis.photo_work import class_records
from mmseg_clipzs.apis.photos import Photo
from mmseg_clipzs.apis.video import check_video
from mmseg_clipzs.utils import NotOursError, UserError, interrupted
from mmseg_clipzs.video import Video, mask_writer, overlay_writer
from mmseg_clipzs.visualization import Style

pytestmark = pytest.mark.usefixtures('one_thread')

SIZE = (40, 60)


def picture(seed, size=SIZE):
    coarse = np.random.default_rng(seed).integers(
        0, 256, (4, 5, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize(size[::-1]))


def write(path, frames, fps=10):
    writer = overlay_writer(path, fps, frames[0].shape[:2])
    for frame in frames:
        writer.write(frame)
    writer.close()
    return path


def masks_of(path):
    return [frame[..., 0] for _, _, frame in Video(path).frames()]


def lines_of(out):
    lines = (out / 'results.jsonl').read_text().splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(scope='module')
def inferencer(tiny_config):
    cfg = tiny_config('maskclip_toy')
    cfg.model.vocabulary = 'cat; grass, lawn; sky; dog'
    return ZeroShotInferencer(cfg, device='cpu')


@pytest.fixture(scope='module')
def clip(tmp_path_factory):
    """Seven frames of different pictures."""
    return write(tmp_path_factory.mktemp('video') / 'clip.mp4',
                 [picture(i) for i in range(7)], 12.5)


# --------------------------------------------------------- reading, writing
@pytest.mark.parametrize('size', [(40, 60), (41, 61), (40, 61), (1, 3)])
def test_label_maps_lose_nothing(tmp_path, size):
    """All values; odd sides get a row or column of ignored pixels."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 256, (5, *size), dtype=np.uint8)
    writer = mask_writer(tmp_path / 'mask.avi', 30, size)
    for one in labels:
        writer.write(one)
    writer.close()
    found = np.stack(masks_of(tmp_path / 'mask.avi'))
    assert np.array_equal(found[:, :size[0], :size[1]], labels)
    assert (found[:, size[0]:] == 255).all()
    assert (found[..., size[1]:] == 255).all()


def test_frames(clip):
    video = Video(clip)
    assert (video.size, video.fps, video.count) == (SIZE, 12.5, 7)
    frames = list(video.frames())
    assert [index for index, _, _ in frames] == list(range(7))
    np.testing.assert_allclose(
        [time for _, time, _ in frames], np.arange(7) / 12.5, atol=1e-6)
    for i, (_, _, image) in enumerate(frames):  # RGB, with losses
        assert np.abs(image.astype(int) - picture(i)).mean() < 12
    some = list(video.frames(every=3))
    assert [index for index, _, _ in some] == [0, 3, 6]
    assert all(np.array_equal(image, frames[index][2])
               for index, _, image in some)


def test_rotation(tmp_path):
    """The matrix in the header of a track turns its frames."""
    path = write(tmp_path / 'turned.mp4', [picture(0)] * 2)
    data = bytearray(path.read_bytes())
    at = data.index(b'tkhd') + 4 + 40  # version 0: the matrix comes last
    turn = [0, 1, 0, -1, 0, 0, SIZE[0], 0]
    data[at:at + 32] = b''.join(
        (value << 16).to_bytes(4, 'big', signed=True) for value in turn)
    path.write_bytes(data)
    video = Video(path)
    assert video.size == SIZE[::-1]
    image = next(video.frames())[2]
    assert np.abs(image.astype(int) - np.rot90(picture(0), -1)).mean() < 12


def test_frames_that_do_not_arrive(tmp_path):
    writer = mask_writer(tmp_path / 'mask.avi', 30, SIZE)
    writer.write(np.zeros(SIZE, np.uint8))
    writer.written += 1  # as on a full disk
    with pytest.raises(UserError, match='Only 1 of 2 frames arrived in the '
                       '.avi video: the disk may be full'):
        writer.close()


def test_a_size_that_no_codec_takes(tmp_path):
    for writer, end in ((mask_writer, 'avi'), (overlay_writer, 'mp4')):
        with pytest.raises(UserError, match=rf'No \.{end} video of '
                           '70000 x 20 pixels can be written'):
            writer(tmp_path / f'.clipzs-1.{end}', 25, (20, 70000))


# ------------------------------------------------------------------ results
@pytest.mark.parametrize('every, batch_size', [(1, 1), (1, 3), (2, 2)])
def test_results(inferencer, clip, tmp_path, every, batch_size):
    """Each frame as an image, in both videos and results.jsonl."""
    summary = segment_video(inferencer, clip, tmp_path / 'out', every=every,
                            batch_size=batch_size)
    frames = list(Video(clip).frames(every))
    wants = inferencer([image for _, _, image in frames])
    assert str(summary).startswith(f'{len(wants)} frames are in ')
    masks = masks_of(tmp_path / 'out/clip_mask.avi')
    assert len(masks) == len(wants)
    for mask, want in zip(masks, wants):
        assert (mask == want.mask).mean() > 0.999  # a batch rounds otherwise
    overlay = Video(tmp_path / 'out/clip_overlay.mp4')
    assert overlay.count == len(wants) and overlay.size == SIZE
    assert overlay.fps == pytest.approx(12.5 / every, rel=0.01)
    header, *lines = lines_of(tmp_path / 'out')
    assert header['written_by'] == 'Written by mmseg_clipzs'
    assert header['settings']['every'] == every
    assert [(line['frame'], line['time']) for line in lines] == [
        (index, round(time, 6)) for index, time, _ in frames]
    if batch_size == 1:
        assert [line['classes'] for line in lines] == [
            class_records(want) for want in wants]
    assert {(line['name'], line['width'], line['height'])
            for line in lines} == {('clip', 60, 40)}
    assert sorted(path.name for path in (tmp_path / 'out').iterdir()) == [
        'clip_mask.avi', 'clip_overlay.mp4', 'results.jsonl']


def test_again_and_other_results(inferencer, clip, tmp_path):
    """Its own results are replaced, nothing else."""
    out = tmp_path / 'out'
    segment_video(inferencer, clip, out, every=3)
    segment_video(inferencer, clip, out)
    assert len(lines_of(out)) == 8
    other = tmp_path / 'other.mp4'
    other.write_bytes(clip.read_bytes())
    with pytest.raises(UserError, match='has the results of .*clip.mp4'):
        segment_video(inferencer, other, out)
    (out / 'results.jsonl').unlink()
    before = (out / 'clip_mask.avi').read_bytes()
    with pytest.raises(NotOursError, match='clip_mask.avi exists and was not'):
        segment_video(inferencer, clip, out)
    assert (out / 'clip_mask.avi').read_bytes() == before


def test_a_long_name(inferencer, clip, tmp_path):
    path = tmp_path / f'{"x" * 251}.mp4'
    path.write_bytes(clip.read_bytes())
    summary = segment_video(inferencer, path, tmp_path / 'out', every=6)
    assert all(file.is_file() for file in summary.files)
    assert {line['name'] for line in lines_of(tmp_path / 'out')[1:]} == {
        summary.files[0].name.removesuffix('_mask.avi')}


@pytest.mark.parametrize('fps, every, want', [
    (60000, 1, 1000), (12.5, 100000, .01), (12.5, 5, 2.5)])
def test_rates(inferencer, tmp_path, log, fps, every, want):
    """What the files can say; a warning where it is another rate."""
    path = write(tmp_path / 'clip.mp4', [picture(0)] * 3, fps)
    segment_video(inferencer, path, tmp_path / 'out', every=every)
    for end in ('mask.avi', 'overlay.mp4'):
        assert Video(tmp_path / f'out/clip_{end}').fps == pytest.approx(want)
    header, *lines = lines_of(tmp_path / 'out')
    assert header['settings']['fps'] == pytest.approx(want)
    assert [line['time'] for line in lines] == [
        pytest.approx(i / fps, abs=1e-6) for i in range(0, 3, every)]
    warned = [line for line in log if 'frames per second instead' in line]
    assert len(warned) == (want != 2.5)


# ---------------------------------------------------------------- smoothing
def test_still_video_is_not_smoothed(inferencer, tmp_path):
    clip = write(tmp_path / 'still.mp4', [picture(0)] * 5)
    frames = [image for _, _, image in Video(clip).frames()]
    # The codec changes a still picture a little; these are equal.
    plain = inferencer.segmenter()
    smooth = inferencer.segmenter(smoothing=0.8)
    for i in range(3):
        photos = [(Photo(frames[0], i), 'still')]
        (want, ), (got, ) = plain(photos), smooth(photos)
        assert np.array_equal(got.mask, want.mask)
        assert np.array_equal(got.scores, want.scores)


@pytest.mark.parametrize('batch_size', [1, 3])
def test_alternating_frames(inferencer, batch_size):
    """s_t = a s_(t-1) + (1 - a) x_t, of the scores before the softmax."""
    weight, model = 0.7, inferencer.model
    images = [picture(i % 2) for i in range(6)]
    segment, results = inferencer.segmenter(smoothing=weight), []
    photos = iter([(Photo(image, i), 'x') for i, image in enumerate(images)])
    while batch := list(islice(photos, batch_size)):
        results += segment(batch)
    mean, state, differ = 0, None, 0
    for image, result in zip(images, results):
        data = model.data_preprocessor(
            inferencer.make_batch([image], [None]), False)
        with torch.no_grad():
            scores = model.window_scores(
                model.extract_feat(data['inputs']), SIZE)
        state = scores if state is None else (
            weight * state + (1 - weight) * scores)
        want = model.class_log_probabilities(F.interpolate(
            state, size=SIZE, mode='bilinear'))[0].exp().numpy()
        np.testing.assert_allclose(result.scores, want, atol=1e-4)
        assert (result.mask == want.argmax(0)).mean() > 0.999
        differ += (result.mask != inferencer(image)[0].mask).mean()
        mean += 1
    assert mean == 6 and differ > 0.1
    assert model.smoothing is None  # only of that video


def test_a_new_size_begins_anew(inferencer):
    segment = inferencer.segmenter(smoothing=0.5)
    segment([(Photo(picture(0), 0), 'x')])
    image = picture(1, (60, 60))
    got, = segment([(Photo(image, 1), 'x')])
    assert np.array_equal(got.mask, inferencer(image)[0].mask)


def test_models_without_scores_of_words(exported, clip, tmp_path):
    with pytest.raises(UserError, match='smoothing averages the scores'):
        VideoRun(OnnxInferencer(exported[0]), clip, tmp_path, smoothing=0.5)


# ------------------------------------------------------------ interruptions
def test_interrupted(inferencer, clip, tmp_path, monkeypatch):
    """What is done plays, and is described."""
    frames = Video.frames

    def stopping(self, every):
        yield from islice(frames(self, every), 4)
        raise KeyboardInterrupt

    run = VideoRun(inferencer, clip, tmp_path / 'out')
    monkeypatch.setattr(Video, 'frames', stopping)
    with pytest.raises(KeyboardInterrupt, match='Interrupted; 4 of about 7 '
                       'frames are in .*clip_mask.avi and .*, which play'):
        with interrupted(run.progress):
            run.run()
    monkeypatch.undo()
    assert Video(tmp_path / 'out/clip_mask.avi').count == 4
    assert Video(tmp_path / 'out/clip_overlay.mp4').count == 4
    assert [line['frame'] for line in lines_of(tmp_path / 'out')[1:]] == [
        0, 1, 2, 3]
    segment_video(inferencer, clip, tmp_path / 'out')
    assert len(lines_of(tmp_path / 'out')) == 8


def test_interrupted_before_the_first_frame(
        inferencer, clip, tmp_path, monkeypatch):
    run = VideoRun(inferencer, clip, tmp_path / 'out')

    def stopping(self, every):
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(Video, 'frames', stopping)
    with pytest.raises(KeyboardInterrupt):
        run.run()
    assert not list((tmp_path / 'out').iterdir())
    assert run.progress() == 'no frame was done'


# ------------------------------------------------------------------ mistakes
def test_files_that_are_no_videos(tmp_path, clip):
    data = clip.read_bytes()
    (tmp_path / 'empty.mp4').write_bytes(b'')
    (tmp_path / 'text.mp4').write_text('no video')
    (tmp_path / 'half.mp4').write_bytes(data[:len(data) // 2])
    (tmp_path / 'list.m3u8').write_text(
        '#EXTM3U\n#EXTINF:5,\nhttp://127.0.0.1:9/x.ts\n')
    for name, sentence in (
            ('empty.mp4', 'is no video, or damaged'),
            ('text.mp4', 'is no video, or damaged'),
            ('half.mp4', 'is no video, or damaged'),
            ('list.m3u8', 'is no video, or damaged|has no frame'),
            ('missing.mp4', 'No video at'), ('', 'is a folder')):
        with pytest.raises(UserError, match=sentence):
            Video(tmp_path / name)
    with pytest.raises(UserError, match='An empty text names no file'):
        Video('')


@pytest.mark.parametrize('name, text', [
    ('list.txt', 'ffconcat version 1.0\nfile clip.mp4\n'),
    ('list.m3u8', '#EXTM3U\n#EXTINF:1,\nclip.mp4\n#EXT-X-ENDLIST\n'),
    ('list.mpd', '<?xml version="1.0"?><MPD type="static"><Period>'
     '<AdaptationSet mimeType="video/mp4"><Representation id="1">'
     '<BaseURL>clip.mp4</BaseURL></Representation></AdaptationSet></Period>'
     '</MPD>'),
    ('p%d.png', 'the frames p0.png, p1.png, ...')])
def test_no_other_file_is_opened(tmp_path, clip, name, text):
    (tmp_path / 'clip.mp4').write_bytes(clip.read_bytes())
    for i in range(3):
        Image.fromarray(picture(i)).save(tmp_path / f'p{i}.png')
    (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match='is no video, or damaged'):
        Video(tmp_path / name)


def test_no_frames(tmp_path, clip):
    """A header, and no picture after it."""
    path = tmp_path / 'none.avi'
    writer = cv2.VideoWriter(
        str(path), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*'MJPG'), 10,
        (60, 40))
    writer.release()
    with pytest.raises(UserError, match='none.avi (has no frame|is no video)'):
        Video(path)


def test_cut_short(inferencer, tmp_path, log):
    """The frames that are there, and a warning."""
    writer = mask_writer(tmp_path / 'whole.avi', 10, SIZE)
    for i in range(20):
        writer.write(picture(i)[..., 0])
    writer.close()
    data = (tmp_path / 'whole.avi').read_bytes()
    (tmp_path / 'cut.avi').write_bytes(data[:len(data) // 2])
    summary = segment_video(
        inferencer, tmp_path / 'cut.avi', tmp_path / 'out')
    assert 2 <= summary.frames < 19
    assert Video(tmp_path / 'out/cut_mask.avi').count == summary.frames
    warned, = [line for line in log if 'WARNING' in line]
    assert f'Only the first {summary.frames} of about 20 frames' in warned


@pytest.mark.parametrize('options, sentence', [
    (dict(every=0), 'every must be a whole number'),
    (dict(every=1.5), 'every must be a whole number'),
    (dict(smoothing=1), r'smoothing must be a number in \[0, 1\)'),
    (dict(smoothing=-.1), 'smoothing must be a number'),
    (dict(smoothing=float('nan')), 'smoothing must be a number'),
    (dict(batch_size=0), 'batch_size must be a whole number')])
def test_options(inferencer, clip, tmp_path, options, sentence):
    with pytest.raises(UserError, match=sentence):
        VideoRun(inferencer, clip, tmp_path / 'out', **options)


def test_too_many_classes(inferencer, clip, tmp_path):
    words = inferencer.model.vocabulary
    inferencer.model.set_vocabulary([f'word {i}' for i in range(256)])
    with pytest.raises(UserError, match='up to 255 classes, but got 256'):
        VideoRun(inferencer, clip, tmp_path / 'out')
    inferencer.model.set_vocabulary(words)


def test_style(inferencer, clip, tmp_path):
    colours = dict.fromkeys(['cat', 'GRASS', 'sky', 'dog'], (200, 40, 30))
    segment_video(inferencer, clip, tmp_path / 'out', every=3,
                  style=Style(opacity=1, labels=False), colours=colours)
    frames = [frame for _, _, frame in Video(
        tmp_path / 'out/clip_overlay.mp4').frames()]
    assert len(frames) == 3
    for frame in frames:
        assert np.abs(frame.astype(int) - (200, 40, 30)).mean() < 8
    header, *_ = lines_of(tmp_path / 'out')
    assert header['palette'] == [[200, 40, 30]] * 4
    assert (header['settings']['opacity'], header['settings']['labels']) == (
        1, False)


@pytest.mark.parametrize('name', ['a.jpg', 'a.png', 'called.mp4'])
def test_a_photo_is_no_video(tmp_path, name):
    Image.fromarray(picture(0)).save(tmp_path / name, format='PNG')
    with pytest.raises(UserError, match=f'{name} is a single image, no video: '
                       f'clipzs segment .*{name} segments it'):
        check_video(tmp_path / name)


def test_an_animation_is_one(tmp_path):
    first, *others = [Image.fromarray(picture(i)) for i in range(3)]
    first.save(tmp_path / 'a.gif', save_all=True, append_images=others)
    assert len(list(check_video(tmp_path / 'a.gif').frames())) == 3

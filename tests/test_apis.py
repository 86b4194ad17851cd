import io
import os
import shutil
import threading
from itertools import permutations
from pathlib import Path

import numpy as np
import plain_segmentor
import pytest
import torch
import torch.nn.functional as F
from image_files import BAD, png, write_bad
from mmengine.config import Config
from mmseg.apis import MMSegInferencer
from mmseg.registry import MODELS
from PIL import Image

from mmseg_clipzs.apis import ZeroShotInferencer, find_config
from mmseg_clipzs.apis.photos import Photo, unique_names
from mmseg_clipzs.apis.saving import work_beside
from mmseg_clipzs.utils import UserError
from mmseg_clipzs.visualization import colour_map, titled_heat_map

pytestmark = pytest.mark.usefixtures('one_thread')

CLASSES = 'cat; grass, lawn; sky'


def picture(h, w, seed=0):
    coarse = np.random.default_rng(seed).integers(
        0, 256, (4, 5, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((w, h)))


@pytest.fixture(scope='module')
def config(tiny_config):
    cfg = tiny_config('maskclip_voc')
    for pipeline in (cfg.test_pipeline, cfg.test_dataloader.dataset.pipeline):
        pipeline[1].scale = (256, 64)
    return cfg


@pytest.fixture(scope='module')
def inferencer(config):
    return ZeroShotInferencer(config, device='cpu')


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('photos')
    for i, (name, size) in enumerate(
            [('b.jpg', (60, 90)), ('a.png', (90, 60)), ('c.JPG', (60, 90))]):
        Image.fromarray(picture(*size, i)).save(folder / name)
    (folder / 'note.txt').write_text('no photo')
    return folder


def test_result_is_the_plain_computation(tiny_config):
    """Without resizing: normalised RGB, backbone, cosine, best word."""
    cfg = tiny_config('maskclip_toy')
    inferencer = ZeroShotInferencer(cfg, device='cpu')
    photo = picture(61, 93)
    result, = inferencer(photo, CLASSES)
    model = inferencer.model
    clip = model.text_encoder.clip
    x = torch.from_numpy(photo / 255.).permute(2, 0, 1)
    x = (x - torch.tensor(clip.mean)[:, None, None]) / torch.tensor(
        clip.std)[:, None, None]
    with torch.no_grad():
        features = F.normalize(model.backbone(x.float()[None])[0], dim=1)
        words = model.text_encoder.compute(
            ['cat', 'grass', 'lawn', 'sky'], ['a photo of a {}.'])
        cosines = torch.einsum('ndhw,qd->nqhw', features, words)
        logits = clip.logit_scale * F.interpolate(
            cosines, size=(61, 93), mode='bilinear')[0]
    p = plain_segmentor.class_probabilities(
        logits, [['cat'], ['grass', 'lawn'], ['sky']]).numpy()
    np.testing.assert_allclose(result.scores, p, atol=1e-4)
    assert (result.mask == p.argmax(0)).mean() > 0.999
    assert np.array_equal(result.photo, photo)
    assert result.classes == ('cat', 'grass', 'sky')


def test_result_of_a_photo(inferencer, folder):
    result, = inferencer(folder / 'b.jpg', CLASSES)
    assert result.name == 'b'
    assert result.mask.shape == (60, 90) and result.mask.dtype == np.int64
    assert result.scores.shape == (3, 60, 90)
    assert result.scores.dtype == np.float32
    assert np.array_equal(result.scores.argmax(0), result.mask)
    assert np.array_equal(result.scores.max(0), result.confidence)
    assert len(result.palette) == 3
    picture = result.picture()
    assert picture.shape[0] > 60 and picture.shape[1] == 240


def test_files_arrays_and_folders(inferencer, folder):
    """In order; folders are sorted by name, and other files skipped."""
    array = picture(40, 50, 7)
    results = inferencer([folder, array, str(folder / 'b.jpg')], CLASSES)
    assert [r.name for r in results] == ['a', 'b', 'c', '3', 'b_2']
    assert [r.mask.shape for r in results] == [
        (90, 60), (60, 90), (60, 90), (40, 50), (60, 90)]
    assert np.array_equal(results[1].scores, results[4].scores)
    alone, = inferencer(array)
    assert alone.name == '0'
    np.testing.assert_allclose(alone.scores, results[3].scores, atol=1e-6)


@pytest.mark.parametrize('batch_size', [2, 3, 100])
def test_batches_do_not_change_results(inferencer, folder, batch_size):
    single = inferencer(folder, CLASSES)
    batched = inferencer(folder, batch_size=batch_size)
    for a, b in zip(single, batched):
        assert a.name == b.name
        np.testing.assert_allclose(a.scores, b.scores, atol=1e-5)
        assert (a.mask == b.mask).mean() > 0.999


def test_classes_stay_set(inferencer):
    photo = picture(30, 40)
    first, = inferencer(photo, 'tree; water')
    second, = inferencer(photo)
    third, = inferencer(photo, ['water', 'tree', 'sand'])
    assert second.classes == ('tree', 'water')
    assert np.array_equal(first.scores, second.scores)
    assert third.scores.shape == (3, 30, 40)


def test_classes_of_the_config(config):
    inferencer = ZeroShotInferencer(config, device='cpu')
    result, = inferencer(picture(30, 40))
    assert result.classes[0] == 'aeroplane' and len(result.classes) == 20


def test_files_that_are_written(inferencer, folder, tmp_path):
    result, other = inferencer(
        [folder / 'a.png', picture(20, 30)], CLASSES,
        out_dir=tmp_path / 'out', heatmaps=True)
    assert {path.name for path in (tmp_path / 'out').iterdir()} == {
        f'{name}_{what}.png' for name in ('a', '1')
        for what in ('overlay', 'mask', 'heat_0_cat', 'heat_1_grass',
                     'heat_2_sky')}
    with Image.open(tmp_path / 'out/a_mask.png') as image:
        assert np.array_equal(np.asarray(image), result.mask)
        assert np.array_equal(np.asarray(image.convert('RGB')),
                              colour_map(result.mask, result.palette))
    with Image.open(tmp_path / 'out/a_overlay.png') as image:
        assert np.array_equal(np.asarray(image), result.picture())
    with Image.open(tmp_path / 'out/1_heat_2_sky.png') as image:
        assert np.array_equal(np.asarray(image), titled_heat_map(
            other.photo, other.scores[2], 'sky'))


def test_photos_of_one_name_do_not_overwrite_each_other(
        inferencer, tmp_path):
    for part in ('x', 'y'):
        (tmp_path / part).mkdir()
        Image.fromarray(picture(20, 30)).save(tmp_path / part / 'photo.png')
    inferencer([tmp_path / 'x', tmp_path / 'y'], CLASSES,
               out_dir=tmp_path / 'out')
    assert {path.parent.name for path in (tmp_path / 'out').rglob('*.png')
            } == {'x', 'y'}


@pytest.mark.parametrize('classes', ['a b; a-b', 'cat; Cats; ' + 'long ' * 20])
def test_each_class_has_its_heat_map(inferencer, classes, tmp_path):
    """Names that differ in punctuation, or are long."""
    inferencer(picture(20, 30), classes, out_dir=tmp_path, heatmaps=True)
    names = {path.name.lower() for path in tmp_path.glob('*_heat_*')}
    assert len(names) == classes.count(';') + 1


def test_stream_gives_results_as_they_come(inferencer, folder):
    read = []

    def photos():
        for name in ('a.png', 'gone.jpg', 'b.jpg', 'a.png'):
            read.append(name)
            yield folder / name

    skipped = []
    stream = inferencer.stream(photos(), CLASSES, skipped=skipped)
    assert not read
    assert next(stream).name == 'a' and read == ['a.png']
    assert [result.name for result in stream] == ['b', 'a_2']
    assert skipped == [f'No image at {folder}/gone.jpg.']


def test_a_generator_of_arrays(inferencer):
    names = [r.name for r in inferencer.stream(
        (picture(20, 30, i) for i in range(3)), CLASSES, batch_size=2)]
    assert names == ['0', '1', '2']
    with pytest.raises(UserError, match='No images were given'):
        list(inferencer.stream(iter(()), CLASSES))


# ------------------------------------------------------------ one bad image
@pytest.fixture
def mixed(folder, tmp_path):
    """Three good images among damaged ones and what only looks like one."""
    photos = shutil.copytree(folder, tmp_path / 'photos')
    for kind in BAD:
        write_bad(kind, photos)
    (photos / '._a.jpg').write_bytes(b'\0\5\x16\7' + bytes(99))
    (photos / 'sub.jpg').mkdir()
    (photos / 'Thumbs.db').write_bytes(b'\xd0\xcf')
    os.mkfifo(photos / 'pipe.png')
    return photos


@pytest.mark.parametrize('batch_size', [1, 2, 4])
def test_bad_images_are_skipped_and_named(
        inferencer, mixed, folder, batch_size, log):
    """Their batch mates' results are those of a folder without them."""
    clean = inferencer(folder, CLASSES)
    skipped = []
    results = inferencer(mixed, batch_size=batch_size, skipped=skipped)
    assert [r.name for r in results] == [r.name for r in clean]
    assert [r.path.name for r in results] == ['a.png', 'b.jpg', 'c.JPG']
    for one, other in zip(results, clean):
        np.testing.assert_allclose(one.scores, other.scores, atol=1e-5)
    files = [name for name, content, _ in BAD.values() if content is not None]
    # What is hidden is left out, and a folder may be called like an image.
    assert len(skipped) == len(files) + 1
    for name in (*files, 'pipe.png'):
        assert sum(name in text for text in skipped) == 1, name
    assert not any('WARNING' in line for line in log)
    inferencer(mixed)
    line, = (line for line in log if 'WARNING' in line)
    assert f'{len(skipped)} of {len(skipped) + 3} images were skipped' in line
    assert f'... and {len(skipped) - 10} more.' in line


def test_no_image_is_good(inferencer, tmp_path):
    (tmp_path / 'a.png').touch()
    with pytest.raises(UserError, match='^.*a.png is not .* it is empty.$'):
        inferencer(tmp_path, CLASSES)
    (tmp_path / 'b.png').touch()
    with pytest.raises(UserError, match=(
            'None of the 2 images can be segmented. .*a.png is not an')):
        inferencer(tmp_path)


# ------------------------------------------------------------ names of results
def photos_of(*names):
    return [Photo(Path(name), i) for i, name in enumerate(names)]


@pytest.mark.parametrize('given, names', [
    (['a.jpg', 'b.jpg'], ['a', 'b']),
    (['a.jpg', 'a.png', 'a_2.jpg'], ['a.jpg', 'a.png', 'a_2']),
    (['x/a.jpg', 'y/a.jpg', 'y/b.jpg'], ['x/a.jpg', 'y/a.jpg', 'b']),
    # The long name of one is the short one of another.
    (['a.jpg', 'a.png', 'a.jpg.webp'], ['x/a.jpg', 'a.png', 'a.jpg.webp']),
])
def test_names_of_results(given, names, monkeypatch, tmp_path):
    (tmp_path / 'x').mkdir()
    monkeypatch.chdir(tmp_path / 'x')
    for order in permutations(range(len(given))):
        assert unique_names(photos_of(*(given[i] for i in order))) == [
            names[i] for i in order]


def test_names_differ_on_every_file_system():
    """Case, composed and decomposed letters, names of heat maps, length."""
    given = ['a.jpg', 'A.jpg', 'é.jpg', 'e\u0301.jpg', 'b.jpg',
             'b_heat_0.jpg', 'x/c.jpg', 'y/x/c.jpg', 'z/x/c.jpg',
             'n' * 240 + '.jpg', 'n' * 240 + '.png', '猫' * 80 + '.png',
             os.fsdecode(b'\xff.png')]
    names = unique_names(photos_of(*given))
    assert names == unique_names(photos_of(*given[::-1]))[::-1]
    assert len({name.casefold() for name in names}) == len(given)
    assert max(len(os.fsencode(name)) for name in names) < 240
    assert names[4:6] == ['b.jpg', 'b_heat_0.jpg']


def test_several_images_of_one_stem(inferencer, tmp_path):
    for name in ('a.jpg', 'a.png', 'a_2.jpg', 'A.bmp', 'n' * 240 + '.png'):
        Image.fromarray(picture(20, 30)).save(tmp_path / name)
    results = inferencer(tmp_path, CLASSES, tmp_path / 'out', heatmaps=True)
    assert len({r.name for r in results}) == 5
    assert len(list((tmp_path / 'out').iterdir())) == 5 * 5


# ------------------------------------------------- results among the images
def test_results_are_no_images_and_replace_nothing(inferencer, tmp_path):
    """The folder of the results is that of the images, twice."""
    for name in ('cat.jpg', 'dog.png'):
        Image.fromarray(picture(20, 30)).save(tmp_path / name)
    mine = picture(20, 30, 3)
    Image.fromarray(mine).save(tmp_path / 'cat_mask.png')
    for _ in range(2):
        skipped = []
        results = inferencer(
            tmp_path, CLASSES, tmp_path, heatmaps=True, skipped=skipped)
        assert [r.name for r in results] == ['cat_mask', 'dog']
        text, = skipped
        assert 'cat_mask.png exists and was not written by this' in text
        assert len(list(tmp_path.iterdir())) == 3 + 2 * 5
    with Image.open(tmp_path / 'cat_mask.png') as image:
        assert np.array_equal(np.asarray(image), mine)
    # As *.png of a shell; but not a single one.
    pngs = sorted(tmp_path.glob('*.png'))
    assert [r.name for r in inferencer(pngs)] == ['cat_mask', 'dog']
    with pytest.raises(UserError, match='dog_mask.png is a result of this'):
        inferencer(tmp_path / 'dog_mask.png')


def test_a_heat_map_replaces_nothing(inferencer, tmp_path):
    (tmp_path / '0_heat_1_grass.png').write_text('mine')
    with pytest.raises(UserError, match='0_heat_1_grass.png exists'):
        inferencer(picture(20, 30), CLASSES, tmp_path, heatmaps=True)
    assert len(list(tmp_path.iterdir())) == 1


# ---------------------------------------------------------- what is no file
def test_pil_images(inferencer, folder):
    """Like the file; with its rotation, on white, of any mode."""
    with Image.open(folder / 'a.png') as image:
        result, = inferencer(image, CLASSES)
        want, = inferencer(folder / 'a.png')
        assert result.name == 'a' and np.array_equal(result.mask, want.mask)
        names = [r.name for r in inferencer([image.convert('L'), image])]
    assert names == ['0', 'a']
    inferencer.set_image(Image.fromarray(picture(20, 30)).convert('CMYK'))
    assert inferencer.predict().mask.shape == (20, 30)
    turned = Image.fromarray(picture(20, 30))
    turned.getexif()[0x0112] = 6
    assert inferencer(turned)[0].mask.shape == (30, 20)


@pytest.mark.parametrize('image, message', [
    (object(), 'is a object; expected a file, a folder'),
    (b'\xff\xd8\xff', 'is a bytes; expected'),
    (None, 'is a NoneType; expected'), (5, 'is a int; expected'),
    ({'a': 1}, 'is a dict; expected'), ('', "is ''; expected"),
    ('https://example.org/cat.jpg', 'is an address; download the image'),
    (np.full((4, 5, 3), np.nan), 'got values from nan to nan'),
    (np.zeros((2, 4, 5, 3), np.uint8), r'got \(2, 4, 5, 3\) uint8'),
    (Image.new('RGB', (0, 5)), 'Image 0 has no pixels'),
    (Image.fromarray(np.full((4, 5), np.inf, np.float32)), 'are not finite'),
    (Image.open(io.BytesIO(png()[:2000])), 'Image 0, a PIL image, cannot be'),
])
def test_what_is_no_image(inferencer, image, message):
    for call in (inferencer, inferencer.set_image,
                 lambda image: inferencer([image])):
        with pytest.raises(UserError, match=message):
            call(image)
    with pytest.raises(UserError, match='list'):
        inferencer([[picture(4, 5)]])
    skipped = []
    assert len(inferencer([image, picture(4, 5)], skipped=skipped)) == 1
    assert len(skipped) == 1


def test_find_config():
    path = find_config('maskclip_voc')
    assert path.name == 'maskclip_voc.py' and path.is_file()
    assert find_config(path) == path
    assert find_config(str(path)) == path


def test_options_override_the_config(tiny_config, tiny_rn):
    inferencer = ZeroShotInferencer(
        tiny_config('maskclip_toy'), device='cpu',
        cfg_options={'model.background_threshold': 0.999,
                     'model.logit_scale': 1.})
    result, = inferencer(picture(30, 40), 'cat; dog')
    assert result.classes == ('background', 'cat', 'dog')
    assert (result.mask == 0).all()


@pytest.mark.parametrize('call, message', [
    (dict(photos='gone.jpg'), 'No image at gone.jpg'),
    (dict(photos=[]), r'No images in \[\]'),
    (dict(photos=picture(4, 5)[..., :2]), r'got \(4, 5, 2\) uint8'),
    (dict(photos=picture(4, 5).astype(int)), r'got \(4, 5, 3\) int64'),
    (dict(photos=np.zeros((0, 5, 3), np.uint8)), r'\(0, 5, 3\)'),
    (dict(photos=picture(4, 5), batch_size=0), 'batch_size must .* got 0'),
    (dict(photos=picture(4, 5), batch_size='4'), "batch_size .* got '4'"),
    (dict(photos=picture(4, 5), classes=[]), 'The list of classes is empty'),
    (dict(photos=picture(4, 5), classes='cat; cat'), "'cat' occurs more"),
    (dict(photos=picture(4, 5), classes='???'), 'needs letters'),
])
def test_bad_input(inferencer, call, message):
    with pytest.raises(UserError, match=message):
        inferencer(**{'classes': CLASSES, **call})


def test_an_empty_folder(inferencer, tmp_path):
    with pytest.raises(UserError, match=f'No images in {tmp_path}'):
        inferencer(tmp_path)


def test_an_unknown_config():
    with pytest.raises(UserError, match=(
            "No config 'maskclip_vox'.* Did you mean maskclip_voc ")):
        ZeroShotInferencer('maskclip_vox')


def test_a_config_without_classes(tiny_config):
    cfg = tiny_config('maskclip_toy')
    cfg.model.vocabulary = None
    inferencer = ZeroShotInferencer(cfg, device='cpu')
    with pytest.raises(UserError, match='No classes are set'):
        inferencer(picture(20, 20))


def test_a_config_object_is_taken(config):
    assert isinstance(config, Config)
    before = config.pretty_text
    ZeroShotInferencer(config, device='cpu')
    # init_model warns that the weights are untrained.
    assert set(config.pretty_text.splitlines()) - set(
        before.splitlines()) <= {'    pretrained=None,',
                                 '    train_cfg=None,'}


def test_the_toolboxs_inferencer_says_the_same(
        config, inferencer, folder, tmp_path):
    config.dump(tmp_path / 'config.py')
    theirs = MMSegInferencer(str(tmp_path / 'config.py'), device='cpu')
    paths = [str(folder / name) for name in ('a.png', 'b.jpg')]
    results = theirs(paths, batch_size=2, out_dir=str(tmp_path / 'out'))
    for labels, result in zip(results['predictions'],
                              inferencer(paths, 'voc20', batch_size=2)):
        assert labels.shape == result.mask.shape
        # JPEG decoders differ by a step or two.
        assert (labels == result.mask).mean() > 0.95
    assert len(list((tmp_path / 'out/vis').iterdir())) == 2


# -------------------------------------------------- encode once, predict often
VOCABULARIES = ['cat; grass, lawn; sky', ['tree', 'water'], 'a red car; road']


def count_calls(model):
    """List with an item for each call of the image tower."""
    calls = []
    model.backbone.register_forward_hook(lambda *args: calls.append(1))
    return calls


@pytest.mark.parametrize('name, options', [
    ('maskclip_toy', {}),
    ('naclip_pamr_toy', {}),  # windows, refined along edges
    ('maskclip_ks_pd_toy', {}),
    ('groupvit_toy', {}),
])
def test_three_vocabularies_cost_one_pass(name, options, tiny_config):
    """Equal to three separate predictions, with a background or without."""
    cfg = name if name == 'groupvit_toy' else tiny_config(name)
    once, again = (ZeroShotInferencer(cfg, device='cpu', cfg_options=options)
                   for _ in range(2))
    photo = picture(90, 131)
    again(photo, 'cat')  # warm up
    calls = count_calls(once.model)
    once.set_image(photo)
    passes = len(calls)
    for classes in VOCABULARIES:
        for background in (None, .3):
            result = once.predict(classes, background)
            again.model.background_threshold = background
            want, = again(photo, classes)
            assert result.classes == want.classes
            assert np.array_equal(result.mask, want.mask)
            assert np.array_equal(result.scores, want.scores)
    assert len(calls) == passes
    windows = -(-90 // 32) * -(-131 // 32)
    assert passes <= (windows if 'naclip' in name else 1)


def test_predict_leaves_the_model_alone(inferencer):
    inferencer(picture(20, 30), 'tree; water')
    inferencer.set_image(picture(40, 50))
    asked = inferencer.predict('cat; dog; sky', background=.5)
    assert asked.classes == ('background', 'cat', 'dog', 'sky')
    assert inferencer.predict().classes == ('tree', 'water')
    assert inferencer.model.background_threshold is None
    result, = inferencer(picture(20, 30))
    assert result.classes == ('tree', 'water')


def test_set_image_of_a_file(inferencer, folder):
    inferencer.set_image(folder / 'b.jpg')
    result, want = inferencer.predict(CLASSES), inferencer(
        folder / 'b.jpg', CLASSES)[0]
    assert result.name == 'b'
    assert np.array_equal(result.mask, want.mask)
    with pytest.raises(UserError, match='No image at .*gone.jpg'):
        inferencer.set_image(folder / 'gone.jpg')
    # Nothing answers for the image before.
    with pytest.raises(UserError, match='call set_image'):
        inferencer.predict(CLASSES)


def test_predict_without_an_image(config):
    with pytest.raises(UserError, match='call set_image'):
        ZeroShotInferencer(config, device='cpu').predict('cat')


def test_encoded_images_are_values(config):
    """Each answers for itself; the inferencer keeps none."""
    inferencer = ZeroShotInferencer(config, device='cpu')
    photos = [picture(40, 50), picture(30, 64)]
    images = [inferencer.encode(photo) for photo in photos]
    with pytest.raises(UserError, match='call set_image'):
        inferencer.predict(CLASSES)
    for photo, image in zip(photos, images):
        want, = inferencer(photo, CLASSES)
        result = inferencer.predict(CLASSES, image=image)
        assert np.array_equal(result.photo, photo)
        assert np.array_equal(result.mask, want.mask)
        assert np.array_equal(result.scores, want.scores)
        assert image.nbytes > 2 * photo.nbytes  # it and the features
    inferencer.set_image(photos[1])
    kept, given = inferencer.predict(CLASSES), inferencer.predict(
        CLASSES, image=images[0])
    assert kept.mask.shape == (30, 64) and given.mask.shape == (40, 50)


def test_an_image_of_another_model(inferencer, config):
    with pytest.raises(UserError, match='what encode.photo. returned.*a.jpg'):
        inferencer.predict(CLASSES, image='a.jpg')
    other = ZeroShotInferencer(
        'maskclip_toy', device='cpu').encode(picture(40, 50))
    with pytest.raises(UserError, match='encoded by maskclip_toy, whose feat'):
        inferencer.predict(CLASSES, image=other)
    again = ZeroShotInferencer(config, device='cpu')
    result = again.predict(CLASSES, image=inferencer.encode(picture(40, 50)))
    assert result.mask.shape == (40, 50)


def test_groups_of_a_set_image():
    inferencer = ZeroShotInferencer('groupvit_toy', device='cpu', groups=True)
    photo = picture(64, 96)
    want, = inferencer(photo, 'leaf; sea; sand')
    inferencer.set_image(photo)
    result = inferencer.predict('leaf; sea; sand')
    assert np.array_equal(result.groups, want.groups)


def test_scores_lie_in_0_to_1_with_a_background(inferencer):
    """A confident pixel keeps its score at any threshold."""
    photo = picture(60, 90)
    plain, = inferencer(photo, CLASSES)
    inferencer.set_image(photo)
    for threshold in (.5, .9):
        result = inferencer.predict(CLASSES, threshold)
        np.testing.assert_allclose(result.scores[1:], plain.scores, atol=1e-6)
        assert result.scores.max() <= 1
        assert result.scores[0].min() >= threshold - 1e-6


# ----------------------------------------------------- models with checkpoints
def test_classes_of_the_config_outlive_those_of_a_checkpoint(tmp_path):
    """A checkpoint of training on captions has no classes."""
    first = ZeroShotInferencer('groupvit_toy', device='cpu')
    path = tmp_path / 'groupvit.pth'
    torch.save(dict(state_dict=first.model.state_dict(),
                    meta=dict(dataset_meta={})), path)
    inferencer = ZeroShotInferencer('groupvit_toy', str(path), 'cpu')
    photo = picture(64, 64)
    got, want = inferencer(photo)[0], first(photo)[0]
    assert got.classes == want.classes and len(got.classes) == 12
    assert np.array_equal(got.mask, want.mask)
    assert got.picture().shape == want.picture().shape


def test_student_has_no_image_to_set(tmp_path):
    """Features of a trained segmentor depend on its classes."""
    model = MODELS.build(Config.fromfile(
        find_config('maskclip_plus_toy')).model)
    model.init_weights()
    path = tmp_path / 'student.pth'
    torch.save(dict(state_dict=model.state_dict(), meta={}), path)
    inferencer = ZeroShotInferencer('maskclip_plus_toy', str(path), 'cpu')
    result, = inferencer(picture(64, 64))
    assert len(result.classes) == 12
    assert 0 <= result.scores.min() and result.scores.max() <= 1
    with pytest.raises(UserError, match='MaskClipPlus is a trained segmentor'):
        inferencer.set_image(picture(64, 64))
    with pytest.raises(UserError, match='maskclip_plus_toy must be trained'):
        ZeroShotInferencer('maskclip_plus_toy', device='cpu')


def test_options_that_do_not_fit_are_named():
    with pytest.raises(UserError, match="has no 'modle'"):
        ZeroShotInferencer('maskclip_toy', device='cpu',
                           cfg_options={'modle.prompts': 'single'})


def test_random_weights_are_the_same_every_time(config):
    """The caller's random numbers are left alone."""
    def scores(**options):
        return ZeroShotInferencer(config, device='cpu', cfg_options={
            'model.clip.pretrained': None, **options})(
                picture(60, 90), CLASSES)[0].scores

    state = torch.get_rng_state()
    first = scores()
    assert torch.equal(torch.get_rng_state(), state)
    torch.rand(3)
    assert np.array_equal(scores(), first)
    assert not np.array_equal(scores(**{'randomness.seed': 1}), first)


# --------------------------------------------------- written beside computing
def outcome(batches, log, ahead=True):
    """What arrives, and the error at the end."""
    def save(item):
        if isinstance(item, Exception):
            raise item
        log.append(f'saved {item}')
        return item

    seen = []
    try:
        seen.extend(work_beside(batches, save, ahead))
    except BaseException as e:
        return seen, e
    return seen, None


@pytest.mark.parametrize('error', [KeyboardInterrupt(), UserError('broken')])
def test_what_was_computed_before_an_error_is_saved(error):
    def batches():
        yield ['a', 'b']
        yield ['c']
        raise error

    log, arrived = [], []
    try:
        for item in work_beside(batches(), log.append, True):
            arrived.append(item)
    except BaseException as e:
        assert e is error
    assert log == ['a', 'b', 'c'] and len(arrived) == 3


def test_errors_of_writing_arrive():
    asked = []

    def batches():
        for i in range(9):
            asked.append(i)
            yield [f'{i}a', UserError('the disk is full')
                   if i == 3 else f'{i}b']

    seen, raised = outcome(batches(), [])
    assert seen == ['0a', '0b', '1a', '1b', '2a', '2b', '3a']
    assert 'disk is full' in str(raised)
    assert asked == [0, 1, 2, 3, 4]  # one batch ahead, no more


def test_saved_one_by_one():
    log = []

    def batches():
        for i in range(3):
            log.append(f'computed {i}')
            yield [str(i)]

    assert outcome(batches(), log, ahead=False)[1] is None
    assert log == [f'{what} {i}' for i in range(3)
                   for what in ('computed', 'saved')]


def test_a_caller_that_stops_early(inferencer, folder, tmp_path):
    """Its results are complete, and no thread stays."""
    before = threading.active_count()
    stream = inferencer.stream(
        [folder / 'a.png', folder / 'b.jpg', folder / 'a.png'], CLASSES,
        out_dir=tmp_path / 'out')
    result = next(stream)
    for end in ('overlay', 'mask'):
        assert (tmp_path / f'out/{result.name}_{end}.png').exists()
    stream.close()
    assert threading.active_count() == before

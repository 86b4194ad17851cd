"""What visitors do wrong gets a sentence, and the page goes on."""
from PIL import Image


def test_photos(open_page, predict, scenes, tmp_path):
    """A text, a damaged file, a large file and one of many pixels."""
    text = tmp_path / 'note.jpg'
    text.write_text('No photo.\n' * 9)
    damaged = tmp_path / 'half.png'
    content = scenes[0].read_bytes()
    damaged.write_bytes(content[:len(content) // 2])
    large = tmp_path / 'large.png'
    large.write_bytes(bytes(20_000_001))
    wide = tmp_path / 'wide.png'
    Image.new('L', (6000, 4001)).save(wide)
    words = ['sand', 'zebra']
    result = predict(scenes[0], words)
    page = open_page()
    page.choose_photo(scenes[0])
    page.write_words(*words)
    page.wait_for(result)
    for path, sentence in ((text, 'note.jpg is not an image'),
                           (damaged, 'half.png is damaged'),
                           (large, 'up to 20 MB'),
                           (wide, '6000 x 4001 pixels')):
        page.choose_photo(path)
        page.wait_for_message(sentence)
        page.wait_for(result)  # what was shown stays
    page.choose_photo(scenes[1])
    page.wait_for(predict(scenes[1], words))
    page.wait_for_message()


def test_words(open_page, predict, scenes):
    """None, and the same twice."""
    page = open_page()
    page.choose_photo(scenes[0])
    for words, sentence in (([], 'There are no words'),
                            (['sand', 'Sand'], 'both have "Sand"')):
        page.write_words(*words)
        page.wait_for_message(sentence)
    page.write_words('sand', 'sea')
    page.wait_for(predict(scenes[0], ['sand', 'sea']))
    page.wait_for_message()


def test_markup_is_text(open_page, scenes, tmp_path):
    """In names of files and in words; a dialog would fail the test."""
    markup = '<img src=x onerror=alert(1)>'
    path = tmp_path / f'{markup}.png'
    path.write_bytes(scenes[0].read_bytes())
    page = open_page()
    page.choose_photo(path)
    page.write_words(markup, 'sand')
    page.row(markup).wait_for()
    page.row('sand').get_by_role('button').click()
    page.wait_for_text('#viewer .scale bdi', 'sand')
    page.viewer.locator('canvas').first.click()
    assert markup in page.command()
    bad = tmp_path / f'{markup}.jpg'
    bad.write_bytes(b'no photo')
    page.choose_photo(bad)
    page.wait_for_message(markup)
    assert not page.page.locator('img[src=x]').count()
    assert page.words()[0] == markup

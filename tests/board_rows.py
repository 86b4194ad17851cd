"""Rows of a leaderboard, without running models, and its page."""
import html.parser

A, B = 'A (MaskCLIP)', 'B (SCLIP line)'
AUTHORS = 'MaskCLIP (authors\' settings)'


def row(method='MaskCLIP', dataset='voc', protocol=A, clip='ViT-B-16',
        weights='openai', **figures):
    """dict: A row of results."""
    return dict(
        method=method, dataset=dataset, protocol=protocol, clip=clip,
        vocabulary='voc20', prompts='imagenet80', **{**dict(
            mIoU=41.23, seconds=1.5, images_per_second=2.5,
            peak_memory_mb=321, aAcc=61.7, mAcc=57.9,
            class_iou={'cat': 40.12, 'sky | sea': 42.34, 'zebra': None},
            device='1 x CPU', versions={'torch': '2.6', 'python': '3.11'}),
            **{'checkpoint': None, **figures}},
        weights=weights, config='a', folder='cells/a')


def failed(**values):
    """dict: A row of a failed cell."""
    return dict({key: value for key, value in row(**values).items() if key in (
        'method', 'dataset', 'protocol', 'clip', 'weights', 'config',
        'checkpoint', 'folder')}, error='ValueError: <out of luck>')


def publish(method, mIoU, dataset='voc', protocol=A, clip='ViT-B-16',
            weights='openai', **more):
    """dict: A row as in the tables of published figures."""
    return dict(method=method, dataset=dataset, protocol=protocol, clip=clip,
                weights=weights, mIoU=f'{mIoU}', source='a paper', **more)


class Page(html.parser.HTMLParser):
    """What a browser sees.

    Attributes:
        lines (list[list[str]]): Texts of the cells of each line of a table.
        classes (dict[str, set]): Text of a cell -> classes of it.
        fetched (list[str]): Links that a browser would load.
        text (str): All text.
    """
    ALONE = {'meta', 'img', 'br'}

    def __init__(self, text):
        super().__init__()
        self.open, self.lines, self.fetched = [], [], []
        self.classes, self.text, self._of_cell = {}, '', ''
        self.feed(text)
        self.close()
        assert not self.open
        self.cells = [text for line in self.lines for text in line]

    def handle_starttag(self, tag, attrs):
        if tag not in self.ALONE:
            self.open.append(tag)
        if tag == 'tr':
            self.lines.append([])
        if tag in ('td', 'th'):
            self.lines[-1].append('')
            self._of_cell = dict(attrs).get('class', '')
        self.fetched += [value for key, value in attrs
                         if key in ('src', 'href', 'data')]
        assert tag not in ('script', 'link', 'iframe')

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        if tag in ('td', 'th'):
            self.classes.setdefault(self.lines[-1][-1], set()).update(
                self._of_cell.split())

    def handle_data(self, data):
        if 'style' not in self.open:
            self.text += data
        if {'td', 'th'} & set(self.open):
            self.lines[-1][-1] += data

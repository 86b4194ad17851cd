"""Many visitors at once: errors, mixed answers, memory and waiting times.

    python tests/test_web/visitors.py --visitors 8 --seconds 60

Serves the page on the toy model in a process of its own. The visitors do what
visitors do, each with photos and words of their own, and compare each answer
with what Python gives for the same photo, words and threshold. Exits with 1
after an error, a wrong answer, or if something of a visitor is left behind.
"""
import argparse
import base64
import io
import os
import random
import statistics
import subprocess
import sys
import threading
import time
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / 'tests')]

from browsing import files, wait_for  # noqa: E402
from page_client import PageClient  # noqa: E402

from mmseg_clipzs.apis import ZeroShotInferencer  # noqa: E402
from mmseg_clipzs.toy.scenes import CLASSES, make_scene  # noqa: E402

CONFIG = 'maskclip_toy'
EACH = 2  # photos, and lists of words, of a visitor
THRESHOLDS = (0, .5, .8)
FILES = ('index', 'overlay', 'cutout', 'coco', 'masks')


def decoded(url):
    """ndarray: Pixels of a picture in a data URL."""
    return np.array(Image.open(io.BytesIO(base64.b64decode(
        url.partition(',')[2]))))


class Visitor:
    """One visitor's photos and words, and what Python gives for them.

    Args:
        number (int): Of the visitor; all have different wishes.
        folder (Path): Where photos are written.
        inferencer (ZeroShotInferencer): For the expected results.
    """

    def __init__(self, number, folder, inferencer):
        self.name, self.random = f'visitor {number}', random.Random(number)
        rng = np.random.default_rng(1000 + number)
        self.photos = [folder / f'{number}-{i}.png' for i in range(EACH)]
        self.lists = [list(rng.choice(CLASSES, 3 + number % 3, False))
                      for _ in range(EACH)]
        self.expected = {}
        for photo in self.photos:
            Image.fromarray(make_scene(rng, 200 + 8 * number)[0]).save(photo)
            inferencer.set_image(photo)
            for words in self.lists:
                for threshold in THRESHOLDS:
                    result = inferencer.predict(words, threshold or None)
                    self.expected[photo, tuple(words), threshold] = (
                        list(result.classes), result.mask, result.scores)
        self.seconds = defaultdict(list)  # by action
        self.wrong, self.rounded = [], 0

    # -------------------------------------------------------------- actions
    def visit(self, address, is_over):
        """Come, do all things in random order, and leave; until it is over."""
        try:
            while True:
                client = self.arrive(address)
                actions = [self.new_photo, self.new_words, self.new_threshold,
                           self.heat_map, self.take_away]
                self.random.shuffle(actions)
                for action in actions:
                    action(client)
                client.leave()
                if is_over():
                    break
        except Exception as e:
            self.wrong.append(f'{type(e).__name__}: {e}')

    def arrive(self, address):
        start = time.perf_counter()
        client = PageClient(address)
        client.fire('load')
        self.seconds['open the page'].append(time.perf_counter() - start)
        self.threshold, self.heat = 0, None
        # Own words first, then an own photo.
        self.words = self.random.choice(self.lists)
        client.set('words', self.rows())
        self.new_photo(client)
        return client

    def rows(self):
        return [dict(text=word, colour='#336699', on=True)
                for word in self.words]

    def fire(self, action, client, *event):
        start = time.perf_counter()
        client.fire(*event)
        self.seconds[action].append(time.perf_counter() - start)
        if client.prop('message'):
            self.wrong.append(f'{action}: {client.prop("message")}')

    def new_photo(self, client):
        self.photo = self.random.choice(self.photos)
        start = time.perf_counter()
        client.set('photo', client.upload(self.photo))
        client.fire('input', 'photo')
        self.seconds['photo'].append(time.perf_counter() - start)
        self.compare('photo', client)

    def new_words(self, client):
        self.words = self.random.choice(self.lists)
        client.set('words', self.rows())
        self.fire('words', client, 'input', 'words')
        self.compare('words', client)

    def new_threshold(self, client):
        self.threshold = self.random.choice(THRESHOLDS)
        client.set('background', self.threshold)
        self.fire('threshold', client, 'input', 'background')
        self.compare('threshold', client)

    def heat_map(self, client):
        self.heat = self.random.choice(self.words)
        self.fire('heat map', client, 'heat', 'viewer', dict(name=self.heat))
        self.compare('heat map', client)

    def take_away(self, client):
        kind = self.random.choice(FILES)
        start = time.perf_counter()
        client.fire('click', f'file-{kind}')
        content = client.download(client.prop('file'))
        self.seconds['download'].append(time.perf_counter() - start)
        if kind == 'index' and (fault := self.difference(
                np.array(Image.open(io.BytesIO(content))))):
            self.wrong.append(f'download: {fault}')

    # ----------------------------------------------------------- comparison
    def wanted(self):
        return self.expected[self.photo, tuple(self.words), self.threshold]

    def difference(self, shown):
        """str: How a label map differs from Python's, apart from rounding.

        Sums in another order round differently: a pixel may then have either
        of two classes that are equally probable.
        """
        classes, mask, scores = self.wanted()
        if shown.shape != mask.shape:
            return f'a label map of {shown.shape} instead of {mask.shape}'
        values = np.array([
            np.full_like(score, self.threshold) if name == 'background'
            else score for name, score in zip(classes, scores)])
        y, x = np.nonzero(shown != mask)
        gaps = np.abs(values[shown[y, x], y, x] - values[mask[y, x], y, x])
        self.rounded += len(gaps)
        return f'another label map, at {len(gaps)} pixels by up to ' \
            f'{gaps.max():.1g}' if (gaps > 1e-3).any() else ''

    def compare(self, action, client):
        answer, = client.prop('viewer')['answers']
        classes, mask, scores = self.wanted()
        shown = [each['name'] for each in answer['classes']]
        heat = answer['heat']
        if shown != classes:
            self.wrong.append(f'{action}: {shown} instead of {classes}')
        elif fault := self.difference(decoded(answer['index'])):
            self.wrong.append(f'{action}: {fault}')
        elif (heat and heat['name']) != (
                self.heat if self.heat in classes else None):
            self.wrong.append(f'{action}: another heat map')
        elif heat and np.abs(decoded(heat['url']) / 255 - scores[
                classes.index(self.heat)]).max() > .003:
            self.wrong.append(f'{action}: other values of the heat map')


@contextmanager
def serve(temporary):
    """Serve the page as users do; yields its address and process id."""
    with subprocess.Popen(
            [sys.executable, ROOT / 'clipzs.py', 'web', '--config', CONFIG,
             '--port', '0'], stdout=subprocess.PIPE, text=True, cwd=ROOT,
            env={**os.environ, 'TMPDIR': str(temporary)}) as server:
        try:
            for line in server.stdout:
                if 'http' in line:
                    break
            yield next(word for word in line.split()
                       if word.startswith('http')), server.pid
        finally:
            server.terminate()


def resident(process):
    """float: Memory of a process in MB; nan where the system does not say."""
    try:
        lines = Path(f'/proc/{process}/status').read_text().splitlines()
    except OSError:
        return float('nan')
    return next(int(line.split()[1]) / 1024 for line in lines
                if line.startswith('VmRSS'))


def print_table(visitors):
    print('| action | count | median | 95 % | max |')
    print('|---|---:|---:|---:|---:|')
    actions = list(dict.fromkeys(
        action for each in visitors for action in each.seconds))
    for action in actions:
        values = sorted(value for each in visitors
                        for value in each.seconds[action])
        worst = values[int(.95 * (len(values) - 1))]
        print(f'| {action} | {len(values)} | ' + ' | '.join(
            f'{1000 * value:.0f} ms' for value in (
                statistics.median(values), worst, values[-1])) + ' |')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--visitors', type=int, default=8)
    parser.add_argument('--seconds', type=float, default=60)
    args = parser.parse_args()
    with TemporaryDirectory() as folder:
        photos, temporary = Path(folder, 'photos'), Path(folder, 'tmp')
        photos.mkdir()
        temporary.mkdir()
        inferencer = ZeroShotInferencer(CONFIG, device='cpu')
        visitors = [Visitor(i, photos, inferencer)
                    for i in range(args.visitors)]
        with serve(temporary) as (address, process):
            before = files(temporary)
            end = time.monotonic() + args.seconds
            threads = [threading.Thread(target=each.visit, args=(
                address, lambda: time.monotonic() > end)) for each in visitors]
            for thread in threads:
                thread.start()
            memory = []
            while running := [each for each in threads if each.is_alive()]:
                memory.append(resident(process))
                running[0].join(args.seconds / 12 or 1)
            wait_for(lambda: files(temporary) == before)
            left = files(temporary) - before
    print_table(visitors)
    wrong = [f'{each.name}: {fault}' for each in visitors
             for fault in each.wrong]
    print('Memory over time, MB:', *(f'{each:.0f}' for each in memory))
    print(f'{len(wrong)} errors or mixed answers, '
          f'{len(left)} files left behind')
    print(sum(each.rounded for each in visitors), 'pixels rounded otherwise')
    print(*wrong, *left, sep='\n')
    return bool(wrong or left)


if __name__ == '__main__':
    sys.exit(main())

"""Time a job stage by stage."""
import logging
from itertools import islice
from pathlib import Path
from statistics import mean, median

import torch
import torch.nn.functional as F
from mmengine.logging import print_log
from mmengine.runner import Runner, autocast

from mmseg_clipzs.products import use
from mmseg_clipzs.run.explain import explain_settings
from mmseg_clipzs.run.prepare import prepare
from mmseg_clipzs.run.segmentor import (
    clip_of,
    embeds_config_words,
    forget_words,
    takes_embeddings,
    use_trained_classes,
)
from mmseg_clipzs.utils import UserError
from mmseg_clipzs.vocabularies import get_vocabulary

from .images import SEED, set_images
from .meters import flop_counter, seconds, watch
from .product import Products, find_product
from .random_weights import random_options

# Processing of an image, in this order. The last stage needs labels.
STAGES = ('load', 'preprocess', 'backbone', 'head', 'upsampling', 'metric')


def until_labels(step):
    """float: Seconds from a step's images to their label maps."""
    return sum(step['seconds'].values()) - step['seconds'].get('metric', 0)


class Side:
    """A timed job, one of one or two sides of a benchmark.

    Args:
        job (Job): What to time.
        changes (dict): Options that differ from the other side's, for the
            report.
        folder (str): Folder for the runner's files.
        photos (str, optional): Folder of images without labels to use instead
            of the dataset.
        num_classes (int, optional): Number of made-up words.
        random (bool): Use random weights and text embeddings.
        alone (bool): Whether this is the only side.

    Attributes:
        steps (list[dict]): For each batch the names of its images,
            ``photos``, the ``seconds`` of each stage and, after
            :meth:`finish`, its ``gflop``.

    Raises:
        UserError: No weights, no images, or options that do not fit.
    """

    def __init__(self, job, changes, folder, photos=None, num_classes=None,
                 random=False, alone=True):
        self.job, self.changes, self.labelled = job, changes, not photos
        cfg = job.load()
        set_images(cfg, photos)
        if not alone:  # no worker may run while the other side is timed
            cfg.test_dataloader.update(num_workers=0, persistent_workers=False)
        self.weights = self._set_weights(cfg, random)
        use_trained_classes(cfg)
        words = cfg.model.get('teacher', cfg.model).get('vocabulary')
        takes_words = takes_embeddings(cfg.model)
        if num_classes:
            words = [f'word {i}' for i in range(num_classes)]
            if not takes_words:
                raise UserError(f'{cfg.model.type} has no vocabulary for '
                                'made-up words to replace.')
        drawn = takes_words and (random or bool(num_classes))
        if drawn and embeds_config_words(cfg.model):
            forget_words(cfg.model)  # the text tower must not embed them
        cfg.update(log_level='WARNING', randomness=dict(seed=SEED),
                   experiment_name=f'benchmark-{Path(folder).name}')
        prepare(cfg, job, folder)
        with explain_settings(job):
            runner = Runner.from_cfg(cfg)
        self.loop, self.model = runner.test_loop, runner.model
        self.library = (cfg.get('env_cfg') or {}).get('products')
        runner.call_hook('before_run')
        runner.load_or_resume()
        if drawn:
            self._draw_words(words or self.loop.dataloader.dataset.metainfo[
                'classes'])
        runner.call_hook('before_test')
        self.model.eval()
        segmentor = getattr(self.model, 'student', self.model)
        self.parts = dict(preprocess=self.model.data_preprocessor,
                          backbone=segmentor.backbone,
                          head=segmentor.decode_head)
        self.batches = self._stream()
        self.steps = []

    def _set_weights(self, cfg, random):
        """str: Source of the weights."""
        model, checkpoint = cfg.model, cfg.get('load_from')
        if random:
            if checkpoint:
                raise UserError('Random weights and a checkpoint exclude each '
                                f'other, but got {checkpoint}.')
            cfg.merge_from_dict(random_options(cfg))
            return 'random'
        own = clip_of(cfg).get('pretrained') or model.get('weights')
        if not checkpoint and ('teacher' in model or own is None):
            raise UserError(
                f'{self.job.name} has no trained weights: pass '
                f'{self.job.name}:CHECKPOINT, or use random weights '
                '(--random).')
        return checkpoint or own

    @property
    def classes(self):
        """list[str] | None: Names of the classes, if known."""
        meta = (getattr(self.model, 'dataset_meta', None)
                or self.loop.dataloader.dataset.metainfo)
        return meta.get('classes') and list(meta['classes'])

    def _draw_words(self, words):
        """Set words with random unit embeddings."""
        words, head = get_vocabulary(words), self.model.decode_head
        # A student has CLIP's width in front of its classifier.
        width = getattr(head, 'conv_seg', head).in_channels
        generator = torch.Generator().manual_seed(SEED)
        self.model.set_vocabulary(words, F.normalize(torch.randn(
            len(words.words), width, generator=generator), dim=1))

    def _stream(self):
        """Yield batches endlessly, repeating the dataset."""
        while True:
            yield from self.loop.dataloader

    @torch.no_grad()
    def _predict(self, batch):
        use(self.library)  # of the process, which two sides share
        with autocast(enabled=self.loop.fp16):
            return self.model.test_step(batch)

    def warm_up(self, batches):
        """Run untimed and find the reference product of the backbone."""
        self.warmed = batches
        with find_product(self.parts['backbone']) as product:
            for batch in islice(self.batches, batches):
                self._predict(batch)
            self.products = Products(product())

    def advance(self):
        """Time the matrix product, then the next batch.

        Returns:
            list[Tensor]: The label maps, (1, H, W) int64 on the CPU.
        """
        self.products.time()
        start = seconds()
        batch = next(self.batches)
        loaded = seconds()
        with watch(self.parts, seconds) as spent:
            samples = self._predict(batch)
            done = seconds()
        taken = dict.fromkeys(STAGES[:-1], 0.)
        taken.update(spent, load=loaded - start)
        taken['upsampling'] = done - loaded - sum(spent.values())
        for sample in samples:
            for _, reason in sample.metainfo.get('skipped', ()):
                print_log(f'Skipped: {reason}', 'current', logging.WARNING)
        if self.labelled:
            self.loop.evaluator.process(
                data_samples=samples, data_batch=batch)
            taken['metric'] = seconds() - done
        self.steps.append(dict(
            photos=[Path(s.img_path).name for s in samples], seconds=taken))
        return [s.pred_sem_seg.data.cpu() for s in samples]

    def finish(self):
        """Time the metric's evaluation and count operations."""
        images = sum(len(step['photos']) for step in self.steps)
        if self.labelled:
            start = seconds()
            self.loop.evaluator.evaluate(images)
            each = (seconds() - start) / images
            for step in self.steps:
                step['seconds']['metric'] += each * len(step['photos'])
        counted = {}  # operations depend only on the sizes
        batches = islice(self._stream(), self.warmed, None)
        for step, batch in zip(self.steps, batches):
            sizes = tuple((*image.shape, *sample.ori_shape) for image, sample
                          in zip(batch['inputs'], batch['data_samples']))
            if sizes not in counted:
                counted[sizes] = self._count(batch)
            step['gflop'] = counted[sizes]

    def _count(self, batch):
        """dict: 10^9 operations of a batch, by part."""
        with flop_counter() as counter, watch(
                self.parts, counter.get_total_flops) as spent:
            self._predict(batch)
        total = counter.get_total_flops()
        return {part: count / 1e9 for part, count in dict(
            backbone=spent['backbone'], head=spent['head'],
            rest=total - sum(spent.values()), total=total).items()}

    def report(self):
        """dict: The report's entry for this side."""
        steps, product = self.steps, self.products.report()
        images = sum(len(step['photos']) for step in steps)
        total = sum(sum(step['seconds'].values()) for step in steps)
        labelled_after = sum(map(until_labels, steps))
        rates = dict(
            backbone=median(step['gflop']['backbone']
                            / step['seconds']['backbone'] for step in steps),
            # Without upsampling, where operations can be saved.
            whole=median(
                (step['gflop']['backbone'] + step['gflop']['head'])
                / until_labels(step) for step in steps),
            product=product['gflop_per_second'][product['library']])
        loader = self.loop.dataloader
        vocabulary = getattr(self.model, 'vocabulary', None)
        return dict(
            **dict(self.job.describe(), weights=self.weights),
            changes=self.changes,
            classes=getattr(self.model, 'num_classes', None),
            words=vocabulary and len(vocabulary.words),
            batch_size=loader.batch_size, num_workers=loader.num_workers,
            images=images,
            images_per_second=images / labelled_after,
            images_per_second_with_metric=(
                images / total if self.labelled else None),
            stages={stage: _summary(steps, stage, total)
                    for stage in steps[0]['seconds']},
            gflop={part: sum(step['gflop'][part] for step in steps) / images
                   for part in steps[0]['gflop']},
            gflop_per_second=rates,
            ratio={part: rates[part] / rates['product']
                   for part in ('backbone', 'whole')},
            product=product,
            steps=steps)


def _summary(steps, stage, total):
    """Median and mean seconds per image, and share of the total."""
    each = [step['seconds'][stage] / len(step['photos']) for step in steps]
    return dict(median=median(each), mean=mean(each), share=sum(
        step['seconds'][stage] for step in steps) / total)

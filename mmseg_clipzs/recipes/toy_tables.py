"""Tables of the figures measured on the toy scenes."""
import statistics

from . import measured
from .datasets import TRAIN
from .markdown import find, label, spread, table, toy
from .methods import METHODS


def demo():
    return table(
        ['method', 'dataset', 'CLIP', 'mIoU (12 classes, 100 scenes)'],
        [[label(method) + (', 1-stage' if method == 'groupvit' else ''), 'toy',
          find(method, 'toy').clip if find(method, 'toy') else 'its own',
          toy(method)]
         for method in ('clip', 'maskclip', 'maskclip_ks_pd', 'groupvit')])


def toy_leaderboard():
    rows = sorted(measured.WINDOWS.items(),
                  key=lambda row: statistics.mean(row[1][:3]))
    return table(
        ['method', 'seed 0', 'seed 1', 'seed 2',
         'mIoU, mean ± std of 3 seeds'],
        [[label(method), *(f'{f:.2f}' for f in figures[:3]),
          spread(figures[:3])] for method, figures in rows])


def groupvit_toy():
    def trained(name, figures):
        return [f'GroupViT, {name}, {len(figures)} seeds',
                f'`clipzs train groupvit_pretrain_'
                f'{"two_stage_" * (name == "2-stage")}toy --cfg-options '
                'randomness.seed=SEED`', _seeds(figures)]

    return table(['model', 'command', 'mIoU'], [
        ['unmodified CLIP, pixel-wise', '`clipzs test clip_toy`',
         toy('clip')],
        ['the same features, best parameter-free grouping (spectral)',
         '`clipzs test spectral_toy`', toy('spectral')],
        ['GroupViT, 1-stage: the packaged weights',
         '`clipzs test groupvit_toy`', toy('groupvit')],
        trained('1-stage', measured.GROUPVIT_ONE_STAGE),
        trained('2-stage', measured.GROUPVIT_TWO_STAGE)])


def toy_windows():
    return table(
        ['protocol B, windows of 64', 'seed 0', 'seed 1', 'seed 2',
         'mean ± std', 'seed 0, whole image'],
        [[f'`{method}`', *(f'{f:.2f}' for f in figures[:3]),
          spread(figures[:3]), *(f'{f:.2f}' for f in figures[3:]),
          *[''] * (4 - len(figures))]
         for method, figures in measured.WINDOWS.items()])


def toy_elsewhere():
    """Methods with a second network or regions, after their bases."""
    return table(
        ['config', 'seed 0', 'seed 1', 'seed 2', 'mean ± std'],
        [[f'`{method}_toy`', *(f'{f:.2f}' for f in figures[:3]),
          spread(figures[:3])]
         for method, figures in measured.WINDOWS.items()
         if method in ('maskclip_b', 'naclip') or 'needs' in METHODS[method]])


def toy_whole():
    rows = []
    for method, figures in measured.WHOLE.items():
        three = len(figures) == 3
        rows.append([
            f'`{method}`' + ('' if three else ' (its own weights)'),
            *(f'{f:.2f}' if three else f'{f}' for f in figures),
            *[''] * (3 - len(figures)),
            spread(figures) if three else ''])
    return table(['whole image', 'seed 0', 'seed 1', 'seed 2', 'mean ± std'],
                  rows)


def maskclip_plus_toy():
    def command(kind, name):
        return f'`clipzs {kind} {name}_toy`'

    def figures(method):
        return [_seeds(figures) for figures in zip(
            *measured.ZERO_SHOT[method])]

    hidden = '{}, {} and {}'.format(*TRAIN['toy']['unseen'])
    return table(
        ['setting', 'command', 'mIoU', 'seen', 'unseen', 'harmonic mean'], [
            ['teacher: MaskCLIP', command('test', 'maskclip'),
             toy('maskclip'), '', '', ''],
            ['annotation-free', command('train', 'maskclip_plus'),
             _seeds(measured.MASKCLIP_PLUS), '', '', ''],
            [f'zero-shot; {hidden} hidden',
             command('train', 'maskclip_plus_zero_shot'),
             *figures('maskclip_plus_zero_shot')],
            ['the same, CLIP fine-tuned with mapped text',
             command('train', 'text_mapped_zero_shot'),
             *figures('text_mapped_zero_shot')]])


def _seeds(figures):
    """str: '1.5', or '2.5 ± 0.7 (2.0, 3.0)' of several seeds."""
    each = ', '.join(f'{figure:.1f}' for figure in figures)
    return each if len(figures) == 1 else f'{spread(figures, 1)} ({each})'

"""What the terminal shows, and the table of settings."""
from board_rows import AUTHORS, B, row

from mmseg_clipzs.leaderboard.report import settings, summary


def test_only_what_was_run_and_its_published_figures():
    text = summary([row('ProxyCLIP', 'voc21', B, mIoU=50.), row(AUTHORS)])
    assert 'Protocol B (SCLIP line). mIoU on voc21' not in text
    assert 'Protocol B. mIoU on voc21' in text
    assert 'Protocol A (MaskCLIP). mIoU on voc' in text
    lines = [line.split('|')[1:-1] for line in text.splitlines()
             if line.startswith('| ProxyCLIP')]
    assert [line[1].strip() for line in lines] == [
        'ViT-H-14 laion2b_s32b_b79k', 'ViT-B-16 metaclip_fullcc',
        'ViT-L-14 openai', 'ViT-B-16 openai']
    assert [line[3].strip() for line in lines] == ['', '', '', '50.00']
    assert '61.3†' in text and '† read from a picture of a table.' in text
    for other in ('CorrCLIP', 'Trident', 'SC-CLIP'):
        assert other not in text


def test_what_all_rows_share_is_said_once():
    rows = [row('NACLIP'),
            dict(row('GEM', mIoU=50., seconds=2.), prompts=['a {}'])]
    header, lines, shared = settings(rows)
    assert header == ['method', 'dataset', 'prompts', 'mIoU', 'seconds']
    assert lines == [['NACLIP', 'voc', 'imagenet80', '41.23', '1.5'],
                     ['GEM', 'voc', 'a {}', '50.0', '2.0']]
    assert shared.startswith('protocol: A (MaskCLIP); CLIP: ViT-B-16; ')
    assert 'images/s: 2.5; memory, MB: 321; device: 1 x CPU' in shared
    header, (line, ), shared = settings(rows[:1])
    assert shared == '' and 'images/s' in header and '1 x CPU' in line

"""Tables of the training configs."""
from .cells import show_clip
from .datasets import OPTIMIZER, SCHEDULES
from .markdown import NONE, dataset_name, table
from .students import students
from .trained import READ, WIDTHS


def maskclip_plus():
    return _table(True)


def maskclip_plus_corrected():
    return _table(False)


def _table(authors):
    """str: The MaskCLIP+ configs of real datasets, one per row."""
    rows = []
    for student in students():
        if not student.is_plus or student.dataset == 'toy' or (
                ('authors' in student.method) != authors):
            continue
        row = student.published
        rows.append([
            f'`{student.name}`', dataset_name(student.dataset),
            show_clip(student.clip), student.head, str(WIDTHS[student.clip]),
            f'{SCHEDULES[student.schedule][0]:,}',
            READ[student.entry['data']],
            '{lr} / {weight_decay}'.format(
                **{**OPTIMIZER, **student.optimizer}),
            *([_figure(row) if row else NONE] if authors else [])])
    return table(
        ['config', 'dataset', 'CLIP', 'head', 'width', 'iterations',
         'labels read', 'lr / weight decay',
         *(['published mIoU'] if authors else [])], rows)


def _figure(row):
    """str: With a star for the figures of the authors' repository."""
    if 'unseen' in row:
        return (f'{row["mIoU"]} (unseen {row["unseen"]}, harmonic mean '
                f'{row["harmonic"]}), {row["repository"]}\\*')
    return row['mIoU'] + ('\\*' if 'repository' in row['source'] else '')

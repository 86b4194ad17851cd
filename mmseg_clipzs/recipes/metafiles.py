"""Make the model index and ``mim``'s metafiles from the tables."""
import yaml

from .cells import cells, resolve, show_clip, source_of, title_of
from .code import MADE
from .methods import METHODS
from .published import PAPERS
from .students import students

_METRICS = {'mIoU': 'mIoU', 'unseen mIoU': 'unseen',
            'harmonic mean': 'harmonic'}
_COMMENT = '# The metrics are published ones, not measured here.\n'


def make_metafiles():
    """dict[str, str]: Path below the project -> text of each metafile."""
    files = list(dict.fromkeys(file for *_, file in PAPERS.values()))
    models = [_of_cell(cell) for cell in cells()
              if cell.published and 'paper' in METHODS[cell.method]]
    models += [_of_student(student) for student in students()
               if student.is_plus and student.published]
    made = {'model-index.yml': _yaml(dict(Import=[
        f'configs/metafiles/{file}.yml' for file in files]))}
    for file in files:
        papers = [paper for paper, (*_, its) in PAPERS.items() if its == file]
        made[f'configs/metafiles/{file}.yml'] = _COMMENT + _yaml(dict(
            Collections=list(map(_collection, papers)),
            Models=[model for model in models
                    if model['In Collection'] in papers]))
    return made


def _collection(paper):
    title, where, readme, _ = PAPERS[paper]
    trained = {'Training Data': 'none (CLIP weights)'} if (
        paper not in ('MaskCLIP+', 'GroupViT')) else {}
    return {
        'Name': paper, 'License': 'Apache License 2.0',
        **({'Metadata': trained} if trained else {}),
        'Paper': dict(Title=title, URL=where if '://' in where else
                      f'https://arxiv.org/abs/{where}'),
        'README': readme, 'Frameworks': ['PyTorch']}


def _of_cell(cell):
    return _model(cell, METHODS[cell.method]['paper'],
                  resolve(cell.protocol)['title'])


def _of_student(student):
    return _model(student, student.entry['paper'], student.protocol)


def _model(cell, paper, protocol):
    """dict: Entry of a ``Cell`` or ``Student`` with a published figure."""
    name, row = cell.name, cell.published
    return {
        'Name': name, 'In Collection': paper, 'Config': f'configs/{name}.py',
        'Metadata': dict(
            **(dict(CLIP=show_clip(cell.clip)) if cell.clip else {}),
            **(dict(Weights=row['weights']) if row.get(
                'weights', 'openai') not in ('openai', None) else {}),
            Protocol=protocol, Source=source_of(row)),
        'Results': [dict(
            Task='Semantic Segmentation', Dataset=title_of(cell.dataset),
            Metrics={f'{title} (published)': float(row[key])
                     for title, key in _METRICS.items() if key in row})]}


def _yaml(content):
    return f'{MADE}\n' + yaml.safe_dump(
        content, sort_keys=False, allow_unicode=True)

"""Make the model index and ``mim``'s metafiles from the tables."""
import yaml

from .cells import cells, find_published, resolve, show_clip, title_of
from .code import MADE
from .datasets import DATASETS
from .methods import METHODS, TRAINED
from .published import PAPERS

_COMMENT = '# The metrics are published ones, not measured here.\n'


def make_metafiles():
    """dict[str, str]: Path below the project -> text of each metafile."""
    files = list(dict.fromkeys(file for *_, file in PAPERS.values()))
    models = [_of_cell(cell) for cell in cells()
              if cell.published and 'paper' in METHODS[cell.method]]
    models += [model for method, entry in TRAINED.items()
               for dataset in entry['datasets']
               for model in _of_student(method, entry, dataset)]
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
    title, arxiv, readme, _ = PAPERS[paper]
    trained = {'Training Data': 'none (CLIP weights)'} if (
        paper not in ('MaskCLIP+', 'GroupViT')) else {}
    return {
        'Name': paper, 'License': 'Apache License 2.0',
        **({'Metadata': trained} if trained else {}),
        'Paper': dict(Title=title, URL=f'https://arxiv.org/abs/{arxiv}'),
        'README': readme, 'Frameworks': ['PyTorch']}


def _of_cell(cell):
    return _model(cell.name, METHODS[cell.method]['paper'],
                  resolve(cell.protocol)['title'], cell.clip, cell.dataset,
                  cell.published)


def _of_student(method, entry, dataset):
    """list[dict]: Empty if no figure was published for this setting."""
    protocol = resolve(DATASETS[dataset]['base'])['title']
    row = find_published(entry['title'], protocol, 'ViT-B-16', dataset)
    return row and [_model(f'{method}_{dataset}', entry['paper'], protocol,
                           row['clip'], dataset, row)] or []


def _model(name, paper, protocol, clip, dataset, row):
    return {
        'Name': name, 'In Collection': paper, 'Config': f'configs/{name}.py',
        'Metadata': dict(
            **(dict(CLIP=show_clip(clip)) if clip else {}),
            Protocol=protocol, Source=row['source']),
        'Results': [dict(
            Task='Semantic Segmentation', Dataset=title_of(dataset),
            Metrics={'mIoU (published)': float(row['mIoU'])})]}


def _yaml(content):
    return f'{MADE}\n' + yaml.safe_dump(
        content, sort_keys=False, allow_unicode=True)

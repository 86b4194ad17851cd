"""The metafiles and the model index."""
from pathlib import Path

import pytest
import yaml

from mmseg_clipzs.recipes.metafiles import make_metafiles

ROOT = Path(__file__).parent.parent.parent
FILES = {path: yaml.safe_load(text)
         for path, text in make_metafiles().items()}
INDEX = FILES.pop('model-index.yml')


def test_index_names_all():
    assert sorted(INDEX['Import']) == sorted(FILES) == sorted(
        str(path.relative_to(ROOT))
        for path in (ROOT / 'configs/metafiles').glob('*.yml'))


@pytest.mark.parametrize('path', FILES)
def test_models_have_config_collection_and_figure(path):
    collections = {each['Name']: each for each in FILES[path]['Collections']}
    for collection in collections.values():
        assert (ROOT / collection['README']).is_file()
        assert collection['Paper']['URL'].startswith((
            'https://arxiv.org/abs/', 'https://openaccess.thecvf.com/'))
    for model in FILES[path]['Models']:
        assert model['In Collection'] in collections
        assert model['Config'] == f'configs/{model["Name"]}.py'
        header = (ROOT / model['Config']).read_text().split('#\n')[0]
        result, = model['Results']
        figure = result['Metrics']['mIoU (published)']
        assert f'Published: {figure:.1f} mIoU' in header
        assert result['Dataset'] in ' '.join(header.replace('#', '').split())


def test_figures():
    figures = {
        model['Name']: model['Results'][0]['Metrics']['mIoU (published)']
        for file in FILES.values() for model in file['Models']}
    assert figures['maskclip_authors_rn50_voc'] == 41.5
    assert figures['maskclip_authors_rn50x16_voc'] == 50.9
    assert figures['clip_authors_coco_stuff'] == 4.3
    assert not {'maskclip_rn50_voc', 'maskclip_voc', 'clip_coco_stuff'} & set(
        figures)
    assert figures['maskclip_plus_authors_context'] == 31.1
    assert figures['maskclip_plus_zero_shot_authors_voc'] == 88.1
    assert 'maskclip_plus_context' not in figures
    assert sum('_plus_' in name for name in figures) == 11
    assert figures['kmeans_voc21'] == 25.0
    assert figures['sclip_ade20k'] == 16.5
    assert 'gem_coco_object' not in figures

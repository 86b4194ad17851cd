"""Templates of each class, and models from elsewhere."""
import json

import torch

from mmseg_clipzs.models.segmentors import Sam3Segmentor
from mmseg_clipzs.models.segmentors.foreign_segmentor import ForeignSegmentor

from .inputs import prepared
from .table import Row, says, works

CHOOSE = 'choose_templates maskclip_toy --device cpu --classes "cat; sky" '
SEGMENT = ('segment {photo} --config maskclip_toy --device cpu --classes '
           '"cat; sky" --cfg-options model.prompts=')


def templates(name, text):
    """Prepare a file of templates; returns its placeholder."""
    def make(folder):
        (folder / f'{name}.json').write_text(text)
        return folder / f'{name}.json'

    make.__name__ = f'templates_{name}'
    prepared(make)
    return make.__name__


def refuses(name, text, pattern):
    return Row(f'templates_{name}', f'{SEGMENT}{{{templates(name, text)}}}',
               says(pattern))


def sam3(name, pattern, **options):
    return Row(f'sam3_{name}', lambda box: Sam3Segmentor(**options),
               says(pattern))


ROWS = [
    refuses('cut', '{"cat": ["a ', 'cannot be read as JSON'),
    refuses('list', '["a photo of a {}."]', 'must hold names of classes'),
    refuses('number', '{"cat": 3}', "class 'cat': Prompt templates are"),
    refuses('word', '{"cat": ["a cat"]}', "class 'cat': A prompt template is"),
    refuses('others', '{"dog": ["a {}."]}', 'has templates of other classes'),
    refuses('none', '{}', 'has templates of no class'),
    Row('templates_missing', f'{SEGMENT}no.json',
        says('No prompt templates at no.json')),
    Row('templates_right', SEGMENT + '{' + templates(
        'right', json.dumps({'cat': ['a {}.'], 'moon': 'single'})) + '}',
        works(lambda r: 'cat' in r.out)),
    Row('choose_suffix', CHOOSE + '{photo} --out templates.txt',
        says('--out is a .json file')),
    Row('choose_none', CHOOSE + '{photo} --out t.json --count 0',
        says('--count must be')),
    Row('choose_all', CHOOSE + '{photo} --out t.json --count 80',
        says('leaves nothing to choose')),
    Row('choose_set', CHOOSE + '{photo} --out t.json --templates imagenet8',
        says('Unknown template set')),
    Row('choose_photo', CHOOSE + 'no.jpg --out t.json', says('no.jpg')),
    Row('choose_groupvit', 'choose_templates groupvit_toy {photo} --device '
        'cpu --out t.json', says('has no prompt templates to choose from')),
    Row('choose_works', CHOOSE + '{photo} --out t.json --templates '
        'maskclip85 --count 1', works(lambda r: 't.json: templates' in r.out)),
    sam3('no_weights', 'Name the weights of SAM 3'),
    sam3('no_folder', 'no folder at', weights='no/such/folder'),
    sam3('score', 'score_threshold must', weights=None, score_threshold='no'),
    sam3('words', 'word_batch must', weights=None, word_batch=True),
    sam3('precision', 'precision=', weights=None, precision='half'),
    Row('sam3_segment', 'segment {photo} --config sam3_voc --classes cat '
        '--device cpu --cfg-options model.weights=no/folder/here',
        says('SAM 3.*no folder at')),
    Row('sam3_clip', 'segment {photo} --config sam3_voc --classes cat '
        '--device cpu --clip ViT-B-16', says('has no CLIP that')),
    Row('foreign_embeddings', lambda box: ForeignSegmentor(
        ).set_vocabulary(['cat', 'sky'], torch.eye(2)),
        says('takes no text embeddings')),
    Row('foreign_threshold', lambda box: ForeignSegmentor(
        background_threshold=0), says('background_threshold must')),
    Row('tipsv2_folder', 'segment {photo} --config tipsv2_ade20k --classes '
        '"cat; sky" --device cpu --clip tipsv2:no/folder/here',
        says('TIPSv2.*no folder at')),
    Row('tipsv2_in_clip_vit', 'segment {photo} --config maskclip_toy '
        '--classes "cat; sky" --device cpu --clip tipsv2:no/folder/here',
        says('TIPSv2.*no folder at')),
]

"""tools/export_onnx.py, and exported files of others."""
import onnx
from onnx import helper
from onnx_files import external, small

from .inputs import prepared
from .table import Row, says, usage, works

TOY = 'export_onnx maskclip_toy --out '


@prepared
def onnx_files(folder):
    """A file that labels everything 0, and some that are refused."""
    small(folder / 'zeros.onnx')
    small(folder / 'ZEROS.ONNX')
    small(folder / 'large.onnx', least=[500, 500])
    small(folder / 'elsewhere.onnx', initializers=[external()])
    small(folder / 'theirs.onnx', software='another program')
    small(folder / 'operator.onnx', nodes=[helper.make_node(
        'Evil', ['image'], ['labels'], domain='theirs')])
    small(folder / 'classes.onnx', classes={'cat': 1})
    small(folder / 'bomb.onnx', nodes=[helper.make_node(
        'Constant', [], ['labels'], value=onnx.TensorProto(
            data_type=2, dims=[2**40, 2**20]))])
    (folder / 'text.onnx').write_text('text')
    return folder


def ran(name, rest=''):
    return f'segment {{photo}} --config {{onnx_files}}/{name}.onnx {rest}'


ROWS = [
    Row('export_pt', TOY + 'a.pt', says('must be an .onnx file, but got a')),
    Row('export_over', TOY + '{my_photo}/cat.jpg',
        says('must be an .onnx|--out')),
    Row('export_onto_theirs', TOY + '{onnx_files}/text.onnx',
        says('was not written by this tool')),
    Row('export_into_text', TOY + '{text_file}/a.onnx', says('--out')),
    Row('export_no_out', 'export_onnx maskclip_toy', usage('--out')),
    Row('export_kmeans', 'export_onnx kmeans_toy --out a.onnx',
        says("clustering is scikit-learn's")),
    Row('export_untrained', 'export_onnx maskclip_plus_toy --out a.onnx',
        says('must be trained first')),
    Row('export_background', TOY + 'a.onnx --background 2',
        usage(r'--background is a probability in \(0, 1\)')),
    Row('export_no_photos', TOY + 'a.onnx --photos {empty_folder}',
        says('No images')),
    Row('onnx_zeros', ran('zeros', '--out out'),
        works(lambda r: 'cat 100%' in r.out)),
    Row('onnx_large', ran('large'), says(
        '500 x 500 pixels or more', leaves=['out/results.jsonl'])),
    Row('onnx_elsewhere', ran('elsewhere'), says('weights in other files')),
    Row('onnx_theirs', ran('theirs'), says('was not exported by')),
    Row('onnx_operator', ran('operator'), says('cannot be run by onnx')),
    Row('onnx_classes', ran('classes'), says('it has no usable')),
    Row('onnx_bomb', ran('bomb'), says('cannot be run by onnx')),
    Row('onnx_text', ran('text'), says('damaged, or no ONNX file')),
    Row('onnx_missing', 'segment {photo} --config none.onnx',
        says('none.onnx cannot be read: No such file')),
    Row('onnx_words', ran('zeros', '--classes "cat; sky"'),
        says('--classes does not apply')),
    Row('onnx_background', ran('zeros', '--background auto'),
        says('--background does not apply')),
    Row('onnx_capital', 'segment {photo} --config {onnx_files}/ZEROS.ONNX '
        '--out out', works(lambda r: 'cat 100%' in r.out)),
    Row('onnx_gpu', ran('zeros', '--device cuda:0'), says('run on the CPU')),
    Row('onnx_engine', ran('zeros', '--engine tensorrt'),
        usage('invalid choice')),
    Row('onnx_engine_of_config', 'segment {photo} --config maskclip_toy '
        '-w cat --engine openvino',
        says('clipzs export-onnx maskclip_toy --out')),
    Row('onnx_tested', 'test {onnx_files}/zeros.onnx',
        says('is an exported file'))]

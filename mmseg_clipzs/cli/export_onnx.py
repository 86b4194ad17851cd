"""Export a segmentor to ONNX, from photo to label map.

    clipzs export-onnx maskclip_voc --classes "cat; grass; sky" \\
        --out cat.onnx
    clipzs export-onnx maskclip_plus_toy \\
        work_dirs/maskclip_plus_toy/iter_1200.pth --out student.onnx
    clipzs segment cat.jpg --config cat.onnx --engine openvino

The file takes images of any size and number, and has the words, thresholds and
windows of the model. It is compared with PyTorch at once, and kept only if at
least 99.99 % of the labels are equal.
"""
from .arguments import add_arguments, add_output, job_of


def add_options(parser):
    add_arguments(parser, 'config', 'checkpoint_after_config')
    add_output(parser, '--out', required=True, help='.onnx file to write')
    add_arguments(parser, 'classes', 'checkpoint', 'clip', photos=dict(
        help='folder of images to compare with PyTorch; by default generated '
        'ones'))
    add_arguments(parser, 'background')
    parser.add_argument(
        '--time', action='store_true',
        help='compare the CPU time of the installed engines with '
        "PyTorch's, with one thread each")
    parser.add_argument(
        '--int8', action='store_true', help='linear layers in int8: a quarter '
        'of the size and faster; at least 95 %% of the labels must be equal')
    add_arguments(parser, 'cfg_options')


def run(args):
    import torch

    from mmseg_clipzs.apis import export_model
    # The inferencer sets the classes once the weights are loaded.
    if args.time:
        torch.set_num_threads(1)
    result = export_model(job_of(args, classes=None), args.out, args.classes,
                          args.background, args.photos, args.int8, args.time)
    print(f'{args.out}: {result.size / 1e6:.1f} MB; '
          f'{result.agreement:.3%} of {result.pixels:,} labels as of PyTorch.')
    for engine, (ratio, equal) in result.engines.items():
        print(f'{engine}: {ratio:.2f} of the CPU time of PyTorch, '
              f'{equal:.3%} of its labels.')
    print(f'Segment images: clipzs segment PHOTO --config {args.out}')

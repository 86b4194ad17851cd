"""What is common to all tools."""
from .table import Row, says, usage, works

ROWS = [
    Row('segment_no_classes', 'segment {photo} --config maskclip_toy',
        says(r'name them with --classes')),
    Row('segment_nothing', 'segment', usage(r'required: PHOTO')),
    Row('segment_toy', 'segment {photo} --config maskclip_toy --device cpu '
        '--classes "cat; grass, lawn; sky"', works(
            lambda r: (r.folder / 'out/cat_mask.png').is_file())),
    Row('inferencer_no_image', lambda box: box.inferencer('gone.jpg'),
        says(r'No image at gone.jpg')),
]

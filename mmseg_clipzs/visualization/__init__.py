"""Pictures of label maps: overlays, legends, heat maps, sheets."""
from .files import save_image, save_mask
from .heat_map import heat_colours, heat_map, titled_heat_map
from .legend import share_text, shares_of, with_legend
from .names import write_names
from .overlay import background_of, colour_map, outlined, overlay
from .palette import class_palette, group_palette, voc_palette
from .palette_file import read_palette
from .picture import named_overlay, picture
from .sheet import grouping_sheet, sheet
from .style import Style

__all__ = [
    'Style', 'background_of', 'class_palette', 'colour_map',
    'group_palette', 'grouping_sheet', 'heat_colours', 'heat_map',
    'named_overlay', 'outlined', 'overlay', 'picture', 'read_palette',
    'save_image', 'save_mask', 'share_text', 'shares_of', 'sheet',
    'titled_heat_map', 'voc_palette', 'with_legend', 'write_names'
]

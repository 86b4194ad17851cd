"""What the page looks like, light and dark, from a phone to a large screen."""
from pathlib import Path

import gradio as gr

# Fonts of the visitor's system: none is sent, by us or by others.
_FONT = ('system-ui', '-apple-system', 'Segoe UI', 'Roboto', 'Noto Sans',
         'sans-serif')
_FONT_MONO = ('ui-monospace', 'SF Mono', 'Consolas', 'DejaVu Sans Mono',
              'monospace')
# Grey around photos; text has a contrast of at least 4.5 to what is behind
# it, and what can be used one of 3.
_COLOURS = dict(
    body_background_fill='*neutral_50',
    body_background_fill_dark='*neutral_950',
    body_text_color='*neutral_900',
    body_text_color_dark='*neutral_100',
    body_text_color_subdued='*neutral_600',
    body_text_color_subdued_dark='*neutral_400',
    block_info_text_color='*neutral_600',
    block_info_text_color_dark='*neutral_400',
    block_label_text_color='*neutral_700',
    block_label_text_color_dark='*neutral_200',
    block_title_text_color='*neutral_900',
    block_title_text_color_dark='*neutral_100',
    border_color_primary='*neutral_200',
    border_color_primary_dark='*neutral_700',
    input_background_fill='white',
    input_border_width='1px',
    input_border_color='#85858e',
    input_border_color_dark='#7d7d87',
    input_placeholder_color='*neutral_500',
    input_placeholder_color_dark='*neutral_300',
    checkbox_border_color='#85858e',
    checkbox_border_color_dark='#7d7d87',
    button_secondary_background_fill='white',
    button_secondary_background_fill_hover='*neutral_100',
    button_secondary_background_fill_dark='*neutral_800',
    button_secondary_background_fill_hover_dark='*neutral_700',
    button_secondary_border_color='*neutral_300',
    button_secondary_border_color_dark='*neutral_600',
    button_border_width='1px')
# Browsers stop at what can be scrolled: a menu's list, which closes then, too.
_SCRIPT = '''
addEventListener('keydown', ({key}) => {
  if (key !== 'Tab') return;
  for (const list of document.querySelectorAll('.option-list')) {
    list.tabIndex = -1;
  }
}, true);
'''


def look():
    """What to launch the page with.

    Returns:
        dict: ``theme`` and ``head`` of ``gr.Blocks.launch``.
    """
    theme = gr.themes.Base(
        primary_hue='blue', secondary_hue='blue', neutral_hue='zinc',
        font=_FONT, font_mono=_FONT_MONO).set(
            **_COLOURS, block_info_text_size='*text_md',
            block_label_text_size='*text_md', block_title_text_weight='600',
            button_small_text_size='*text_md', button_small_text_weight='500',
            slider_color='*primary_500')
    css = Path(__file__).with_name('page.css').read_text(encoding='utf-8')
    # Gradio would drop the queries of a `css`, and repeat its rules.
    return dict(theme=theme, head=(
        f'<style>{css}</style><script>{_SCRIPT}</script>'))

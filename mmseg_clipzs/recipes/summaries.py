"""The table of methods of README: a line for each page of docs/methods."""
from .markdown import table
from .method_pages import PAGES, show_needs
from .methods import METHODS
from .needs import NEEDS

# Page -> its title and what the method does.
SUMMARIES = {
    'clip': ('Unmodified CLIP', 'CLIP\'s patches compared with words; the '
                                'baseline of the others'),
    'maskclip': ('MaskCLIP', 'each patch keeps its own value vector'),
    'sclip': ('SCLIP', 'patches attend to patches with the same query, or '
                       'the same key'),
    'clearclip': ('ClearCLIP', 'no residual and no feed-forward in the last '
                               'block'),
    'naclip': ('NACLIP', 'prefers patches nearby; borders by PAMR or regions'),
    'gem': ('GEM', 'a second stream of self-self attention through six '
                   'blocks'),
    'cliptrase': ('CLIPtrase', 'like with like: queries, keys and values'),
    'scclip': ('SC-CLIP', 'mends outliers, attends as a middle layer does'),
    'resclip': ('ResCLIP', 'earlier layers\' attention; a second pass follows '
                           'the labels of the first'),
    'sfp': ('SFP', 'mends the patches that draw the class token\'s '
                   'attention'),
    'grouping': ('Grouping baselines', 'K-means, mean-shift or spectral '
                                       'clusters share their scores'),
    'proxyclip': ('ProxyCLIP', 'DINO says which patches to average'),
    'lposs': ('LPOSS', 'scores flow between similar patches of all windows'),
    'trident': ('Trident', 'ProxyCLIP\'s windows joined by SAM\'s attention '
                           '(the first half of the method)'),
    'corrclip': ('CorrCLIP', 'patches attend within their region only'),
    'maskclip_plus': ('MaskCLIP+', 'trains any mmseg segmentor with pseudo '
                                   'labels of a method above'),
    'groupvit': ('GroupViT', 'groups learnt from captions alone'),
    'tipsv2': ('TIPSv2', 'an image-text model whose patches were trained, '
                         'with its text tower'),
    'sam3': ('SAM 3', 'finds the instances and areas of each word'),
}


def summaries():
    rows = []
    for page, (title, summary) in SUMMARIES.items():
        methods = PAGES[page][0]
        rows.append([
            f'[{title}](docs/methods/{page}.md)', summary,
            show_needs(METHODS[methods[0]]['title']) if methods
            else NEEDS['trained']])
    return table(['method', 'in one line', 'needs'], rows)

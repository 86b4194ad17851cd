"""What the site needs beyond MkDocs: pages of the root, links, formulas."""
import re
from pathlib import Path

from latex2mathml.converter import convert
from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[2]
# Files of the root that are pages of the site.
PAGES = {'README.md': 'readme.md', 'CHANGELOG.md': 'changelog.md',
         'CONTRIBUTING.md': 'contributing.md', 'SECURITY.md': 'security.md'}
_LINK = re.compile(r'(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)')
_NEEDS = re.compile(r'^\*Needs: .*\*$', re.M)
_HEADING = re.compile(r'(?<=<th>)\w+(?=</th>)')
_EXAMPLE = re.compile(r'\]\((?:\.\./)+(examples/[\w/]+\.py)\)')
# What says of a file what it is.
_FIRST_LINES = re.compile(r'\A(?:"{3}.*?"{3}\n|(?:#[^\n]*\n)+)', re.S)
_OUTSIDE = re.compile(r'(?:https?:|mailto:|#)')


def on_config(config):
    """Formulas in blocks called ``math``, which GitHub shows as well."""
    config.mdx_configs.setdefault('pymdownx.superfences', {})[
        'custom_fences'] = [dict(name='math', **{'class': 'math'},
                                 format=_formula)]
    return config


def on_files(files, config):
    """Add the pages of the root."""
    for name, page in PAGES.items():
        text = (ROOT / name).read_text(encoding='utf-8')
        if page == 'changelog.md':  # names all and explains none of it
            text = f'---\nsearch:\n  boost: 0.1\n---\n{text}'
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown, page, config, files):
    """Point links to files of the repository at pages of the site.

    A link to a file that is no page, such as a source file, becomes its text;
    examples that the page does not show in full are put at its end.
    """
    source = page.file.src_uri
    at = next((name for name, uri in PAGES.items() if uri == source),
              f'docs/{source}')
    folder = (ROOT / at).parent

    def replace(match):
        picture, text, target = match.groups()
        if _OUTSIDE.match(target):
            return match[0]
        path, mark, anchor = target.partition('#')
        place = (folder / path).resolve()
        if not place.is_relative_to(ROOT) or not place.exists():
            return match[0]  # MkDocs names it
        name = place.relative_to(ROOT).as_posix()
        uri = PAGES.get(name) or name.removeprefix('docs/')
        if name in examples:
            return f'[{text}](#{place.stem})'
        if name not in PAGES and not name.startswith('docs/'):
            return text
        up = '../' * source.count('/')
        return f'{picture}[{text}]({up}{uri}{mark}{anchor})'

    examples = _examples(markdown)
    # What the commands of a block need, in small type.
    markdown = _NEEDS.sub(r'\g<0>\n{: .needs }', markdown)
    markdown = _outside_code(markdown, lambda part: _LINK.sub(replace, part))
    return '\n'.join([markdown, *(
        f'## `{name}` {{: #{Path(name).stem} }}\n\n```python\n{code}```\n'
        for name, code in examples.items())])


def _examples(markdown):
    """dict[str, str]: Examples that a page links and shows in part only."""
    found = {}
    for name in dict.fromkeys(_EXAMPLE.findall(markdown)):
        code = (ROOT / name).read_text(encoding='utf-8')
        if _FIRST_LINES.sub('', code).strip() not in markdown:
            found[name] = code
    return found


def on_page_content(html, page, config, files):
    """Let headings of tables break after an underscore: "coco_object"."""
    return _HEADING.sub(
        lambda match: match[0].replace('_', '_<wbr>'), html)


def _outside_code(markdown, change):
    """str: Text with everything but fenced and indented code changed."""
    lines, fenced = [], False
    for line in markdown.splitlines(keepends=True):
        fence = line.lstrip().startswith('```')
        lines.append((fence or fenced or line.startswith('    '), line))
        fenced ^= fence
    parts, text = [], ''
    for code, line in lines:
        if code:
            parts += [change(text), line]
            text = ''
        else:
            text += line
    return ''.join([*parts, change(text)])


def _formula(source, language, css_class, options, md, **more):
    return f'<div class="{css_class}">{convert(source, display="block")}</div>'

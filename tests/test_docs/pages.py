"""The pages of the documentation and what is in them."""
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / name for name in (
    'README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md')] + sorted(
        (ROOT / 'docs').rglob('*.md'))
NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]
_LINK = re.compile(r'\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^)\s]+)\)')

_NEEDS = re.compile(r'^\*Needs: (.*)\*$', re.M)


def read(name):
    return (ROOT / name).read_text(encoding='utf-8')


def code_and_text(text):
    """Split a page.

    Returns:
        tuple[list[str], str]: Blocks of code, indented or fenced without a
        language of their own, and the text around all code.
    """
    blocks, lines, fence, before = [[]], [], None, ''
    for line in text.splitlines():
        if line.lstrip().startswith('```'):
            fence = None if fence is not None else line.strip()[3:]
            blocks.append([])
        elif fence in ('', 'sh', 'console'):
            blocks[-1].append(line)
        elif fence is not None:
            pass
        elif line.startswith('    ') and (blocks[-1] or not before.strip()
                                          or before.startswith('    ')):
            blocks[-1].append(line.strip() if line.lstrip()[:6] == 'clipzs'
                              else line[4:])
        elif line.strip():
            blocks.append([])
            lines.append(line)
        before = line
    return ['\n'.join(block) for block in blocks if block], '\n'.join(lines)


def sections(text):
    """Split a page at its headings.

    Returns:
        list[tuple[str, str]]: For each section what its commands need, by the
        lines "*Needs: ...*" in it and in the sections that it is part of, and
        its text.
    """
    found, fenced = [(0, [])], False
    for line in text.splitlines():
        fenced ^= line.lstrip().startswith('```')
        match = re.match(r'(#{1,6}) ', line)
        if match and not fenced:
            found.append((len(match[1]), []))
        found[-1][1].append(line)
    result, above = [], {}
    for level, lines in found:
        text = '\n'.join(lines)
        above = {each: needs for each, needs in above.items() if each < level}
        above[level] = ' '.join(_NEEDS.findall(text))
        result.append((' '.join(above.values()).strip(), text))
    return result


def links(name):
    """list[str]: Where the links of a page go, those in code left out."""
    text = re.sub(r'`[^`\n]*`', '', code_and_text(read(name))[1])
    return _LINK.findall(text)


def anchors(name):
    """set[str]: Anchors of a page's headings, as GitHub makes them."""
    found, fenced = [], False
    for line in read(name).splitlines():
        if line.startswith('```'):
            fenced = not fenced
        match = re.match(r'#{1,6} +(.+)', line)
        if match and not fenced:
            title = re.sub(r'\[([^\]]*)\]\([^)]*\)', r'\1', match[1])
            title = re.sub(r'[^\w\- ]', '', title.strip().lower())
            found.append(title.replace(' ', '-'))
    return {each if i == 0 else f'{each}-{i}' for each in set(found)
            for i in range(found.count(each))}

"""What a run over a folder did."""
from dataclasses import dataclass
from pathlib import Path

_FILES = 8  # of the whole folder, in the last line


@dataclass
class Summary:
    """What a run did.

    Attributes:
        out (Path): Folder of the results.
        photos (int): All that were named.
        done (int): Photos with results.
        before (int): Those of them that an earlier run had done.
        failed (int): Photos without results.
        sentences (list[str]): Why, of the first of them.
        files (list[Path]): ``results.jsonl`` and what the formats made of the
            whole folder.
        left_out (str): What was no photo, or ''.
    """
    out: Path
    photos: int
    done: int
    before: int
    failed: int
    sentences: list
    files: list
    left_out: str

    def __str__(self):
        before = f', {self.before} of them from before' * bool(self.before)
        are = 'is' if self.done == 1 else 'are'
        files = [path.relative_to(self.out).as_posix() for path in self.files]
        more = len(files) - _FILES
        *most, last = files[:_FILES] + [f'{more} more'] * (more > 0)
        files = f'{", ".join(most)} and {last} describe' if most else (
            f'{last} describes')
        return (f'{self.done} of {self.photos} photos {are} in {self.out}'
                f'{before}; {files} them.'
                + f' Left out: {self.left_out}.' * bool(self.left_out))

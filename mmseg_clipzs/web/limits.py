"""What a visitor may ask for."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Limits of the page, so that many may use it at once.

    Attributes:
        max_bytes (int): Of a photo's file.
        max_pixels (int): Of a photo.
        max_words (int): Rows of words.
        max_letters (int): Of a row, with its synonyms.
        seconds (float): Of computing for one answer.
        visitors (int): Sessions with kept photos; the oldest is forgotten
            first.
        memory (float): Of the kept features of all sessions, in MB.
        idle (float): Seconds after which an unused session is forgotten.
    """
    max_bytes: int = 20_000_000
    max_pixels: int = 24_000_000
    max_words: int = 50
    max_letters: int = 300
    seconds: float = 120
    visitors: int = 64
    memory: float = 2000
    idle: float = 1800

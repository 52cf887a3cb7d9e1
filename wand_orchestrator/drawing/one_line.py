"""Makes any text fit for a picture: one line, bounded, without what no reader can see."""

import unicodedata

_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def one_line(text: str, length: int) -> str:
    """Return the text in at most `length` characters, with blanks for control characters, marks of direction, and ends
    of lines.
    """
    seen = "".join(" " if unicodedata.category(each) in _UNSEEN else each for each in text[: length * 4])
    line = " ".join(seen.split())
    return line if len(line) <= length and len(text) <= length * 4 else f"{line[: length - 1]}…"

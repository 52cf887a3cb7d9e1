"""Keeps the last part of a text that grows."""

from collections import deque

PIECE = 4096
"""Code points of a piece, roughly: few pieces are walked, and little is copied when one grows."""


class TextWindow:
    """The last part of a growing text: at most `limit` code points, and a piece more.

    `start` and `end` are the offsets of what is kept, in code points from the beginning of the text.
    """

    def __init__(self, limit: int) -> None:
        self.start = 0
        self.end = 0
        self._limit = limit
        self._pieces: deque[str] = deque()

    def append(self, text: str) -> None:
        if not text:
            return
        if self._pieces and len(self._pieces[-1]) < PIECE:
            self._pieces[-1] += text
        else:
            self._pieces.append(text)
        self.end += len(text)
        while self.end - self.start - len(self._pieces[0]) >= self._limit:
            self.start += len(self._pieces.popleft())

    def place(self, offset: int, text: str) -> None:
        """Add a text that begins at `offset`, of which a part may be known. Beyond a gap the window begins anew."""
        if offset > self.end:
            self._pieces.clear()
            self.start = self.end = offset
        self.append(text[self.end - offset :])

    def since(self, offset: int) -> tuple[int, str]:
        """Return the text from `offset`, or from the first that is kept, and the offset at which it begins."""
        offset = max(offset, self.start)
        wanted, found = self.end - offset, 0
        pieces: list[str] = []
        for piece in reversed(self._pieces):
            if found >= wanted:
                break
            pieces.append(piece)
            found += len(piece)
        return offset, "".join(reversed(pieces))[max(0, found - wanted) :]

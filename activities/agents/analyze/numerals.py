"""Parses texts as numbers; what is written as an identifier stays a text.

A number that is read must be the number that was written, and two texts that differ as identifiers must not become one
number: postal codes keep their zeros, long ids their last digits.
"""

import polars as pl

_INTEGER = r"^[+-]?(?:0|[1-9]\d*)$"
_PLAIN = r"^[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$"
_DECIMAL_COMMA = r"^[+-]?(?:(?:0|[1-9]\d*|[1-9]\d{0,2}(?:\.\d{3})+)(?:,\d*)?|,\d+)(?:[eE][+-]?\d+)?$"
_POINTED_THOUSANDS = r"^[+-]?(?:0|[1-9]\d{0,2}(?:\.\d{3})*)$"
_COMMA_THOUSANDS = r"^[+-]?(?:0|[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d*)(?:\.\d*)?$"
_CODE = r"^[+-]?\d+[eE]\d+$"
"""Such as 1E2, which among whole numbers is the name of something."""


def integers(texts: pl.Series) -> pl.Series:
    return _fitting(texts, _INTEGER).cast(pl.Int64, strict=False)


def floats(texts: pl.Series, *, separator: str, comma_file: bool) -> pl.Series:
    """Return the texts as floats, with null for what is not one or is infinite, which JSON cannot express.

    `comma_file`: whether some column of the file has decimal commas, so that a point parts thousands.
    """
    if texts.str.contains(",", literal=True).any():
        return _exact(_with_commas(texts, separator))
    if comma_file and texts.str.contains(".", literal=True).any() and _fits(texts, _POINTED_THOUSANDS):
        return _exact(texts.str.replace_all(".", "", literal=True))
    plain = _fitting(texts, _PLAIN)
    codes = plain.str.contains(_CODE)
    if codes.any() and plain.filter(~codes).str.contains(_INTEGER).any():
        return plain.cast(pl.Float64, strict=False).clear(len(plain))
    return _exact(plain)


def has_decimal_commas(texts: pl.Series) -> bool:
    return bool(texts.str.contains(",", literal=True).any()) and _fits(texts, _DECIMAL_COMMA)


def _with_commas(texts: pl.Series, separator: str) -> pl.Series:
    """Return the texts with commas resolved: as thousands separators if all texts allow that and the file is not
    separated by semicolons; else as decimal commas, or not at all in files separated by commas.
    """
    if separator != ";" and _fits(texts, _COMMA_THOUSANDS):
        return texts.str.replace_all(",", "", literal=True)
    if separator == ",":
        return texts.clear(len(texts))
    written = _fitting(texts, _DECIMAL_COMMA)
    return written.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)


def _exact(written: pl.Series) -> pl.Series:
    """Return the number; None for infinities, and for whole numbers of more digits than a float holds."""
    read = written.cast(pl.Float64, strict=False)
    read = read.set(~read.is_finite().fill_null(True), None)
    long = written.str.contains(r"^[+-]?\d{16,}$").fill_null(False)
    if not long.any():
        return read
    kept = [int(text) == number for text, number in zip(written.filter(long), read.filter(long), strict=True)]
    return read.clear(len(read)) if not all(kept) else read


def _fitting(texts: pl.Series, form: str) -> pl.Series:
    return texts.set(~texts.str.contains(form).fill_null(True), None)


def _fits(texts: pl.Series, form: str) -> bool:
    return bool(texts.str.contains(form).all())

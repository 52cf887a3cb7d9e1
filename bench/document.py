"""Updates the page that contains the figures of a full run, between two marks."""

from pathlib import Path

BEGIN = "<!-- figures: begin, written by `python -m bench --document` -->"
END = "<!-- figures: end -->"


def replace_figures(page: Path, figures: str) -> None:
    """Replace the figures between the marks. Raises ValueError for a page without them."""
    text = page.read_text()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} has no marks for figures")
    page.write_text(f"{before}{BEGIN}\n\n{figures}\n{END}{after}")

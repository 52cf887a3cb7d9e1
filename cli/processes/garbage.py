"""Tunes Python's garbage collector, which by default looks for cycles after every 700 new objects.

A workflow of ten thousand nodes makes hundreds of thousands that live long and form no cycle; looking through them
again and again took most of the time in which its graph was read, and workflow code has 2 s for a step. But an ended
run of that size is itself such a cycle, and stays in memory until all objects are looked through. Figures are in
docs/decisions/large-graphs.md.
"""

import gc

_NEW_OBJECTS = 50_000
_YOUNGER_ROUNDS = (4, 4)


def import_at_leisure() -> None:
    """Collect seldom from now on, while modules are imported: each makes thousands of objects, none of them garbage."""
    gc.set_threshold(_NEW_OBJECTS, *_YOUNGER_ROUNDS)


def look_seldom() -> None:
    """Collect seldom. Call it once all modules are imported: their objects are permanent and are not scanned again."""
    import_at_leisure()
    gc.collect()
    gc.freeze()

"""Ids of graphs, runs, child runs and uploaded files.

Most are a prefix that says the kind, and a time-ordered UUID (version 7, RFC 9562) in hex. The id of a child run begins
with that of the run it is a part of.
"""

import hashlib
import os
import time
from datetime import datetime
from typing import NewType

FileId = NewType("FileId", str)
GraphId = NewType("GraphId", str)
RunId = NewType("RunId", str)
NodeId = NewType("NodeId", str)

CHILD_ID_LENGTH = 500
"""Of the id of a child run, above which the node's id in it becomes a hash. Temporal takes 1,000 bytes, and the ids of
the child runs of a child run begin with its own."""

_LONGEST_PARENT = 900


def _uuid7_hex(milliseconds: int, random: int) -> str:
    """Return 32 hex digits: 48 bits of Unix milliseconds, the version, the variant, 74 of the 80 random bits."""
    value = (milliseconds << 80) | random
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return f"{value:032x}"


def _new_uuid7_hex() -> str:
    return _uuid7_hex(time.time_ns() // 1_000_000, int.from_bytes(os.urandom(10), "big"))


def new_file_id() -> FileId:
    return FileId(f"f_{_new_uuid7_hex()}")


def new_graph_id() -> GraphId:
    return GraphId(f"g_{_new_uuid7_hex()}")


def new_run_id() -> RunId:
    return RunId(f"r_{_new_uuid7_hex()}")


def run_id_at(moment: datetime, random: int) -> RunId:
    """Return the id of a run that starts at that moment, made of 80 random bits: in a replay it is the same."""
    return RunId(f"r_{_uuid7_hex(int(moment.timestamp() * 1000), random)}")


def child_run_id(parent: str, node: str, number: int) -> str:
    """Return the id of the `number`th child run of a node of the run `parent`."""
    tail = f"{node}{'' if number == 1 else f'~{number}'}"
    if len(parent) + len(tail) < CHILD_ID_LENGTH:
        return f"{parent}.{tail}"
    digest = hashlib.sha256(tail.encode()).hexdigest()[:20]
    if len(parent.encode()) < _LONGEST_PARENT:
        return f"{parent}.{digest}"
    return f"{hashlib.sha256(parent.encode()).hexdigest()}.{digest}"


def is_child_run_id(id: str, parent: str) -> bool:
    """Return whether the id is that of a child run of `parent`, or of one of its children."""
    return id.startswith(f"{parent}.")

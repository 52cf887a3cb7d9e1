"""Ids: a prefix that says the kind, and a time-ordered UUID (version 7, RFC 9562) in hex."""

import os
import time
from typing import NewType

GraphId = NewType("GraphId", str)
RunId = NewType("RunId", str)
NodeId = NewType("NodeId", str)


def _uuid7_hex() -> str:
    """32 hex digits: 48 bits of Unix milliseconds, the version, the variant, 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds << 80) | int.from_bytes(os.urandom(10), "big")
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return f"{value:032x}"


def new_graph_id() -> GraphId:
    return GraphId(f"g_{_uuid7_hex()}")


def new_run_id() -> RunId:
    return RunId(f"r_{_uuid7_hex()}")

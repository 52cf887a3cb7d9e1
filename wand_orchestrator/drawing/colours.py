"""The colours and signs of statuses, the same as on the page; every text has a contrast of 4.5 on its ground."""

from dataclasses import dataclass

from wand_orchestrator.contract.state import NodeStatus


@dataclass(frozen=True)
class Colours:
    """Of a box: the line and the sign, and the ground, each for a light and a dark scheme."""

    ink: str
    ground: str
    dark_ink: str
    dark_ground: str


_QUIET = Colours("#5d6470", "#eef0f3", "#a3abb9", "#222731")
COLOURS = {
    NodeStatus.PENDING: Colours("#545c6b", "#e8eaef", "#a9b2c2", "#262c38"),
    NodeStatus.SCHEDULED: Colours("#5b4b8a", "#ebe6f8", "#c9bbf2", "#2d2744"),
    NodeStatus.RUNNING: Colours("#1d4ed8", "#dfe9ff", "#9cc2ff", "#18294d"),
    NodeStatus.RETRYING: Colours("#9a4a07", "#ffeacc", "#ffbf7a", "#402a12"),
    NodeStatus.WAITING: Colours("#8a5300", "#fff0c2", "#ffd166", "#3a3010"),
    NodeStatus.SUCCEEDED: Colours("#14663a", "#d9f3e3", "#83dca8", "#12321f"),
    NodeStatus.FAILED: Colours("#b01c1c", "#fde3e1", "#ff9c94", "#451b1b"),
    NodeStatus.SKIPPED: _QUIET,
    NodeStatus.CANCELLED: _QUIET,
}
SIGNS = {
    NodeStatus.PENDING: "○",
    NodeStatus.SCHEDULED: "◔",
    NodeStatus.RUNNING: "▶",
    NodeStatus.RETRYING: "↻",
    NodeStatus.WAITING: "◆",
    NodeStatus.SUCCEEDED: "✓",
    NodeStatus.FAILED: "✕",
    NodeStatus.SKIPPED: "↷",
    NodeStatus.CANCELLED: "⊘",
}

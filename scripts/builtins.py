"""Writes docs/builtins.md: every agent, tool and control node that Wand brings, from the schemas that it is run by.

`python -m scripts.builtins` writes it; `--check` only says whether it is current. Errors are those that the modules of
each raise, with the sentences of docs/errors.md.
"""

import argparse
import sys
from pathlib import Path

from pydantic.json_schema import models_json_schema

from scripts.raised_codes import errors_of
from scripts.schema_tables import keys_of
from wand_orchestrator import Agent, Tool
from wand_orchestrator.activities import builtin
from wand_orchestrator.graphs.control_node import ControlNode
from wand_orchestrator.graphs.control_nodes import CONTROL_NODES
from wand_orchestrator.plugins import Registry
from wand_orchestrator.workflows.control.registry import CONTROLS

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "builtins.md"
CHILD_RUNS = ("wand_orchestrator.workflows.nodes.child_runs", "wand_orchestrator.workflows.nodes.node_runner")
"""What runs graphs for control nodes."""

HEAD = """# What Wand brings

The agents, tools and control nodes that are there without a plug-in. This page is made from the schemas that they are
run by (`make builtins`), and a test compares the two. `wand agents NAME` and `GET /agents` give the schemas themselves;
how agents of your own are written is told in [agents](agents.md), and what nodes and edges can say in
[graphs](graphs.md).

A key in **bold** has to be given. Besides the errors named here every node can fail with `invalid_params`,
`invalid_input`, `invalid_output`, `output_too_large`, `timeout` and what else [a node fails with](errors.md).
"""


def page() -> str:
    """The whole text."""
    registry = Registry.of(builtin)
    parts = [HEAD, "## Agents\n"]
    parts += [_agent(agent, registry) for _, agent in sorted(registry.agents.items())]
    parts.append("## Tools\n\nAn agent of your own asks for one by its name, and calls it as `ctx.tools[name](…)`.\n")
    parts += [_tool(tool) for _, tool in sorted(registry.tools.items())]
    parts.append(
        "## Control nodes\n\nThe workflow carries them out itself: "
        "they take a place of `options.concurrency`, and no worker.\n"
    )
    parts += [_control(node) for _, node in sorted(CONTROL_NODES.items())]
    return "\n".join(parts)


def _agent(agent: Agent, registry: Registry) -> str:
    modules = [agent.module, *(registry.tools[tool].module for tool in agent.tools)]
    sections = [f"### `{agent.name}`\n", _sentences(agent.description)]
    if agent.tools:
        sections.append(f"Tools: {', '.join(f'[`{tool}`](#{_anchor(tool)})' for tool in agent.tools)}.\n")
    if agent.local:
        sections.append("It is short: it runs in the workflow's own process.\n")
    sections += [keys_of("Params", agent.params_schema), keys_of("Input", agent.input_schema)]
    sections += [keys_of("Output", agent.output_schema, output=True), errors_of(modules)]
    return "\n".join(sections)


def _tool(tool: Tool) -> str:
    sections = [f"### `{tool.name}`\n", _sentences(tool.description), keys_of("Arguments", tool.params_schema)]
    return "\n".join([*sections, keys_of("Result", tool.output_schema, output=True), errors_of([tool.module])])


def _control(node: ControlNode) -> str:
    schema = models_json_schema([(node.params, "validation")])[1]["$defs"]
    params = {**schema[node.params.__name__], "$defs": schema}
    about = _sentences(node.params.__doc__ or "")
    taken = (
        "Input: what the agent or the graph takes that it runs.\n"
        if node.input is None
        else keys_of("Input", node.input)
    )
    sections = [f"### `{node.name}`\n", about, keys_of("Params", params), taken]
    sections.append(keys_of("Output", node.output_of({}), output=True))
    return "\n".join([*sections, errors_of([CONTROLS[node.name].__module__], CHILD_RUNS if node.names_graph else ())])


def _sentences(text: str) -> str:
    return " ".join(text.split()) + "\n"


def _anchor(name: str) -> str:
    return name.replace(".", "")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--check", action="store_true", help="write nothing; fail if the page is not current")
    text = page()
    if not options.parse_args().check:
        PAGE.write_text(text)
    elif not PAGE.exists() or PAGE.read_text() != text:
        sys.exit(f"{PAGE} is not current: run `make builtins`")


if __name__ == "__main__":
    main()

"""Defines the stable codes of faults and warnings; `docs/faults.md` explains each."""

from enum import StrEnum

from wand_orchestrator.contract import codes


class Code(StrEnum):
    # The document
    TOO_DEEP = "too_deep"
    UNSTORABLE_VALUE = "unstorable_value"
    TOO_MANY_NODES = "too_many_nodes"
    TOO_MANY_EDGES = "too_many_edges"
    TOO_COMPLEX = "too_complex"
    # Keys and values
    WRONG_TYPE = "wrong_type"
    MISSING_KEY = "missing_key"
    UNKNOWN_KEY = "unknown_key"
    UNKNOWN_CHOICE = "unknown_choice"
    OUT_OF_RANGE = "out_of_range"
    BAD_ID = "bad_id"
    BAD_VALUE = "bad_value"
    NO_NODES = "no_nodes"
    # Nodes and edges
    DUPLICATE_ID = "duplicate_id"
    UNKNOWN_NODE = codes.UNKNOWN_NODE
    DUPLICATE_SINK = "duplicate_sink"
    SELF_EDGE = "self_edge"
    CYCLE = "cycle"
    OTHERWISE_ALONE = "otherwise_alone"
    INPUT_EDGE = "input_edge"
    FIRST_ALONE = "first_alone"
    # Agents and their params
    UNKNOWN_AGENT = "unknown_agent"
    UNKNOWN_TOOL = "unknown_tool"
    UNKNOWN_MCP_SERVER = "unknown_mcp_server"
    UNKNOWN_MODEL_ALIAS = "unknown_model_alias"
    UNKNOWN_PROVIDER = "unknown_provider"
    MODEL_KEY_MISSING = "model_key_missing"
    UNKNOWN_RATE = "unknown_rate"
    UNUSABLE_RATE = "unusable_rate"
    INVALID_PARAMS = "invalid_params"
    UNKNOWN_PARAM = "unknown_param"
    UNCHECKED_PARAMS = "unchecked_params"
    INPUT_REFERENCE = "input_reference"
    REFERENCE = "reference"
    ANSWER_SCHEMA = "answer_schema"
    # The input of runs
    INPUT_SCHEMA = "input_schema"
    # Expressions
    EXPRESSION_SYNTAX = "expression_syntax"
    UNKNOWN_FUNCTION = "unknown_function"
    FUNCTION_ARGUMENTS = "function_arguments"
    IMPOSSIBLE_EXPRESSION = "impossible_expression"
    EXPRESSION_SLIP = "expression_slip"
    # What edges carry
    UNKNOWN_INPUT = "unknown_input"
    DUPLICATE_INPUT = "duplicate_input"
    MISSING_INPUT = "missing_input"
    INCOMPATIBLE_INPUT = "incompatible_input"
    # Stored graphs, which are looked up where the graph is posted
    UNKNOWN_GRAPH = "unknown_graph"
    RECURSIVE_GRAPH = "recursive_graph"
    # The answer itself
    MORE_FAULTS = "more_faults"

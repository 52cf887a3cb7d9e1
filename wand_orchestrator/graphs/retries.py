"""Reads how often a node is tried again: its own `retry`, or that of the options of its graph."""

from wand_orchestrator.graph import Node, Options, Retry, RetryRule


def retries_of(node: Node, options: Options) -> int:
    """Return the maximum number of attempts after the first."""
    return max((rule.retries or 0 for rule in rules_of(node, options)), default=_retries(node, options))


def rules_of(node: Node, options: Options) -> tuple[RetryRule, ...]:
    """Return the retry rules by error code, each with its `retries`; none if one backoff applies to all failures."""
    retry = node.retry or options.retry
    if isinstance(retry, Retry):
        return ()
    retries = _retries(node, options)
    return tuple(rule if rule.retries is not None else rule.model_copy(update={"retries": retries}) for rule in retry)


def _retries(node: Node, options: Options) -> int:
    return options.max_retries if node.retries is None else node.retries

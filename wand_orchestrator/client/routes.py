"""Lists the routes of the API that the client calls, by the names of their operations in the OpenAPI document."""

import re
from urllib.parse import quote

ROUTES = {
    "get_health": ("GET", "/health"),
    "get_readiness": ("GET", "/ready"),
    "put_hook": ("PUT", "/hooks/{name}"),
    "get_hook": ("GET", "/hooks/{name}"),
    "delete_hook": ("DELETE", "/hooks/{name}"),
    "create_run": ("POST", "/runs"),
    "list_runs": ("GET", "/runs"),
    "list_agents": ("GET", "/agents"),
    "list_tools": ("GET", "/tools"),
    "create_graph": ("POST", "/graphs"),
    "list_graphs": ("GET", "/graphs"),
    "validate_graph": ("POST", "/graphs/validate"),
    "list_graph_names": ("GET", "/graphs/names"),
    "get_graph": ("GET", "/graphs/{graph_id}"),
    "delete_graph": ("DELETE", "/graphs/{graph_id}"),
    "upload_file": ("POST", "/files"),
    "get_file": ("GET", "/files/{file_id}"),
    "delete_file": ("DELETE", "/files/{file_id}"),
    "get_run": ("GET", "/runs/{run_id}"),
    "delete_run": ("DELETE", "/runs/{run_id}"),
    "get_run_input": ("GET", "/runs/{run_id}/input"),
    "get_node_params": ("GET", "/runs/{run_id}/nodes/{node}/params"),
    "get_node_input": ("GET", "/runs/{run_id}/nodes/{node}/input"),
    "get_node_output": ("GET", "/runs/{run_id}/nodes/{node}/output"),
    "get_node": ("GET", "/runs/{run_id}/nodes/{node}"),
    "list_deliveries": ("GET", "/runs/{run_id}/webhooks"),
    "retry_run": ("POST", "/runs/{run_id}/retry"),
    "list_events": ("GET", "/runs/{run_id}/logs"),
    "stream_events": ("GET", "/runs/{run_id}/stream"),
    "cancel_run": ("POST", "/runs/{run_id}/cancel"),
    "pause_run": ("POST", "/runs/{run_id}/pause"),
    "resume_run": ("POST", "/runs/{run_id}/resume"),
    "change_budget": ("POST", "/runs/{run_id}/budget"),
    "send_event": ("POST", "/runs/{run_id}/events/{name}"),
    "respond_to_node": ("POST", "/runs/{run_id}/nodes/{node}/respond"),
    "skip_node": ("POST", "/runs/{run_id}/nodes/{node}/skip"),
    "retry_node": ("POST", "/runs/{run_id}/nodes/{node}/retry"),
    "create_link": ("POST", "/runs/{run_id}/nodes/{node}/link"),
    "list_approvals": ("GET", "/approvals"),
    "get_usage": ("GET", "/usage"),
    "list_artifacts": ("GET", "/runs/{run_id}/artifacts"),
    "get_artifact": ("GET", "/runs/{run_id}/artifacts/{name}"),
    "get_artifact_of_node": ("GET", "/runs/{run_id}/artifacts/{node}/{name}"),
    "create_schedule": ("POST", "/schedules"),
    "list_schedules": ("GET", "/schedules"),
    "get_schedule": ("GET", "/schedules/{schedule_id}"),
    "delete_schedule": ("DELETE", "/schedules/{schedule_id}"),
    "pause_schedule": ("POST", "/schedules/{schedule_id}/pause"),
    "resume_schedule": ("POST", "/schedules/{schedule_id}/resume"),
    "trigger_schedule": ("POST", "/schedules/{schedule_id}/trigger"),
    "backfill_schedule": ("POST", "/schedules/{schedule_id}/backfill"),
    "list_hooks": ("GET", "/hooks"),
}
"""Operation: method and path. A test compares them with the OpenAPI document."""


def path_of(operation: str, parts: dict[str, str]) -> str:
    """Return the path of an operation; each part is quoted as one segment."""
    return re.sub(r"\{(\w+)\}", lambda found: quote(parts[found[1]], safe=""), ROUTES[operation][1])

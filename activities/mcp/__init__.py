"""The worker's MCP servers: their settings, their processes and connections, their tools as activities."""

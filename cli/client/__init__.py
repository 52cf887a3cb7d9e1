"""The command's HTTP client."""

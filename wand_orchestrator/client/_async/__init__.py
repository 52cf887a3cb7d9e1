"""The client for asyncio, from which `scripts/sync_client.py` makes the one without it, `client/_sync/`."""

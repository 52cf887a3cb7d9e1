"""The client without asyncio. `scripts/sync_client.py` makes these modules from `client/_async/`."""

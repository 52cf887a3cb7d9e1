"""Contains one router for each resource of the API."""

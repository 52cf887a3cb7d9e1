"""Access to Temporal: the connection, visibility queries, and the event feed."""

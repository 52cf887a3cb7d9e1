"""What a run's journal is told to: the archive, the parent, webhooks, Temporal's list and Web UI."""

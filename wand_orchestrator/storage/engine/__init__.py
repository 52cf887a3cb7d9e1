"""The database engines under the storage: connections, deadlines, migration."""

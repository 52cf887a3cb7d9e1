"""Names and shapes that cross a process, each defined once."""

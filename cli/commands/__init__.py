"""One module a command. What a command needs is imported when it runs: importing Temporal's SDK takes half a second."""

"""Contains other systems, each run by a script in an environment of its own: see `bench.peers.protocol`."""

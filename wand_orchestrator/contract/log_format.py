"""How all processes of Wand write their log lines."""

LOG_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"

"""The agents that Wand brings along, a module each."""

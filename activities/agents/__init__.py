"""The agents that come with Wand: one module each."""

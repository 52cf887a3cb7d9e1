"""The tools that come with Wand: one module each, beside what they are made of."""

"""`agent.llm`: a conversation between a model and tools, carried out by the workflow."""

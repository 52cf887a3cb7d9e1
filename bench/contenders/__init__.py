"""What is measured against one another."""

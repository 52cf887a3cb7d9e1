"""How a node is carried out: as an activity, a control node, or a child run."""

"""Programs that use generated clients: `make clients` checks them against what it generates."""

"""How it happens fast: one generated Python function for each plan."""

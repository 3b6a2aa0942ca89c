"""What a config means: a machine of networks, states and arcs."""

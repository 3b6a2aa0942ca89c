"""The benchmark: fixed workloads, peers in the same run, results as JSON. `make bench` runs it."""

"""How fast the pipeline is, measured beside its peers in one run: `make bench`. Nothing in pipeline/ imports it."""

"""Members of a study as jobs of a SLURM cluster: submitted, told apart, stopped without loss, and taken in.

Each job works in a clone of its own on the shared file system. Nothing here trains, or decides when a job runs: that
belongs to the stages and to SLURM.
"""

"""Members of a study as jobs of a SLURM cluster. SLURM is the scheduler, and submitit speaks to it.

Each job works in a clone of its own on the shared file system; the main tree takes in what is done.
"""

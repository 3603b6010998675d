"""What a result was made from, and whether two results are the same: dvc.lock, git, versions, machine, RO-Crate.

It reads what DVC and git have written and changes no result, so no stage depends on this room.
"""

"""What a terminal shows: a command's last sentence with its exit code, and progress.

Nothing here computes, and no value from here reaches an output of a stage.
"""

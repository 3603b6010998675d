"""Studies: a question about settings, the trainings that answer it, what is kept of each, their numbers and their page.

The project's own stages train and measure them, in folders of their own. DVC and the tracker do not belong here.
"""

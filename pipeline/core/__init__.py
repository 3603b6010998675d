"""What every room stands on: settings, files, random streams, TensorFlow, and the error that a user can mend.

Nothing here knows of MNIST, of a model or of the paper.
"""

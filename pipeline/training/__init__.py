"""One training: the compiled loop, its minibatches, its resume point, and the model folder that it leaves.

It trains any model that keeps the contract of pipeline/models/ and tells an observer how it goes. It knows no tracker.
"""

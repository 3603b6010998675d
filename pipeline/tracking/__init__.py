"""What a stage tells the tracker: a run writes a journal, and a sender brings journals to MLflow.

Nothing comes back from here into a result, so dvc.yaml names this room in no `deps`. tracker.py chooses the tracker.
"""

"""What each metric asks, in a few words, for readers of a score who do not have the project's documents beside them."""

from __future__ import annotations

QUESTIONS = {
    "frechet": "how far the two sets lie apart in what the judges see of them, as Gaussians",
    "frechet_over_trace": "the same, over the spread of the real images: judges agree better on it",
    "frechet_infinite": "the same of endlessly many images, by a line through those of fewer: for sets of other sizes",
    "kernel_distance": "how far they lie apart without taking them for Gaussians; zero on average if they are alike",
    "precision": "the share of these images that lie among real ones: quality",
    "recall": "the share of real images that lie among these: variety",
    "density": "how many real neighbourhoods an image of these lies in: quality, less moved by outliers",
    "coverage": "the share of real images that have one of these near by: variety, less moved by outliers",
    "one_nn_accuracy": "how often the nearest image tells which set one is of; half if nobody can tell",
    "classifier_score": "sure of each image and of many classes: the judges' own inception score",
    "confidence": "how sure the judges are of an image's class",
    "class_kl": "how far the shares of the classes are from the data's",
    "class_total_variation": "the share of images that would have to change class",
    "classes_kept": "how many classes have at least one image in a hundred",
    "sharpness": "the strength of edges, over that of real images; noise reads as sharp",
    "sharpness_filtered": "the same after lone noisy pixels are taken out",
    "grey_share": "how many pixels are neither black nor white",
    "distance_to_mean": "how far an image lies from the mean of the real ones: small is safe and alike",
    "nearer_share": "how often an image lies nearer to a training image than a test image does; all of them: copied",
    "copying_z": "the same as a z-score, region by region: far below zero may be copying",
    "duplicate_share": "how many of 5,000 images have a near twin among them",
}

"""What is measured: judges that look at images, metrics of a set of images, and everything about one trained model.

Images and model folders come in, named numbers go out. Nothing is trained here but the judges; models are not compared.
"""

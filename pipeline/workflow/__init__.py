"""Around DVC: what `make` does before and after `dvc repro`. The only part of the library that knows of DVC."""

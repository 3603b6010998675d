"""The section `report` of params.yaml."""

from pipeline.core.settings import Section


class Report(Section):
    """`banner`: a sentence shown above everything, or empty."""

    banner: str

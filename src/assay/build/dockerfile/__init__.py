"""Dockerfiles taken over: each instruction judged, and a spec of what could be translated."""

from assay.build.dockerfile.reader import read
from assay.build.dockerfile.translate import Named, translate
from assay.build.dockerfile.verdicts import Judgement, Remark, Score, Verdict, score

__all__ = ["Judgement", "Named", "Remark", "Score", "Verdict", "read", "score", "translate"]

"""One self-contained HTML page: no script from elsewhere, no request, everything escaped by the template engine."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from assay.interfaces.cli.render import locks, suspicions
from assay.interfaces.cli.render.ignores import ignore_lines
from assay.interfaces.cli.render.standing import base_line, share_line
from assay.interfaces.cli.render.text import safe
from assay.interfaces.cli.render.vex import conflict_text, outcome_text, review_texts, revocation_text
from assay.interfaces.cli.render.view import (
    SEVERITIES,
    distro_line,
    ending_word,
    endings,
    layer_text,
    marks,
    view,
    weighed,
)
from assay.model.report import Report
from assay.policy import explain


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("assay.interfaces.cli", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["safe_text"] = lambda text: safe(str(text))
    return environment.get_template("report.html.j2")


def render(report: Report) -> str:
    """The report as one page, for desktop and phone, light and dark."""
    seen = view(report)
    names = {component.key: component for component in report.components}
    return _template().render(
        report=report,
        view=seen,
        distro=distro_line(report),
        marks=marks,
        ignores=ignore_lines(report),
        share=share_line(report.shares),
        base=base_line(report.base, len(report.layers), report.origins),
        endings=endings(report)[1],
        ending_word=ending_word,
        layer=lambda index: layer_text(report, index),
        components=names,
        severities=SEVERITIES,
        locks=locks.line(report.locks),
        suspicions=suspicions.headline(report),
        index_lines=suspicions.index_lines(report),
        vex_outcome=outcome_text,
        vex_conflict=conflict_text,
        vex_revocation=revocation_text,
        vex_reviews=review_texts(report),
        summary=explain.summary(report.verdict).partition(" ")[2] if report.verdict is not None else "",
        weighed=weighed(report.verdict) if report.verdict is not None else ((), ()),
    )

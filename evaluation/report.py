"""An evaluation written down: one HTML page, one JSON file, a section of a document."""

import json
from base64 import b64encode
from html import escape
from math import isnan
from pathlib import Path
from typing import Any

from animevec.errors import InvalidRequest
from evaluation.campaign import Campaign
from evaluation.plots import reliability_plot, systems_plot
from evaluation.significance import Estimate
from evaluation.tables import Table, tables

BEGIN, END = "<!-- figures: animevec evaluate -->", "<!-- end of figures -->"
STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;margin:1rem 0;font-size:13px}"
    "td,th{border:1px solid #bbb;padding:.25rem .5rem;text-align:left}"
    "th{background:#f3f3f3}img{max-width:100%}caption{text-align:left}"
    "@media(prefers-color-scheme:dark){body{background:#161616;color:#ddd}th{background:#262626}"
    "img{background:#fff}}"
)


def write_report(campaign: Campaign, folder: Path) -> Path:
    """``report.html`` and ``report.json`` in ``folder``; the page needs no other file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(as_json(campaign), encoding="utf-8")
    page = folder / "report.html"
    page.write_text(as_html(campaign), encoding="utf-8")
    return page


def write_markdown(campaign: Campaign, path: Path) -> None:
    """Replace what stands between the document's markers.

    Raises:
        InvalidRequest: the document has no markers.
    """
    text = path.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise InvalidRequest(f"{path} has no lines '{BEGIN}' and '{END}' to write between")
    body = "\n\n".join([headline(campaign), *(table.markdown() for table in tables(campaign))])
    path.write_text(f"{before}{BEGIN}\n{body}\n{END}{after}", encoding="utf-8")


def headline(campaign: Campaign) -> str:
    """What was measured, in one sentence."""
    return (
        f"{campaign.titles:,} titles, release `{campaign.release}` ({campaign.encoders}), "
        f"{campaign.made:%Y-%m-%d}."
    )


def as_html(campaign: Campaign) -> str:
    """A self-contained page."""
    parts = [f"<h1>Evaluation</h1><p>{escape(headline(campaign))}</p>"]
    for name, png in _plots(campaign).items():
        data = b64encode(png).decode()
        parts.append(f'<h2>{name}</h2><img alt="{name}" src="data:image/png;base64,{data}">')
    parts += map(_html_table, tables(campaign))
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Evaluation</title>'
        f"<style>{STYLE}</style><body>{''.join(parts)}</body></html>\n"
    )


def as_json(campaign: Campaign) -> str:
    """Every figure, for programs; what is not a number is null."""
    facts = {
        "made": campaign.made.isoformat(),
        "titles": campaign.titles,
        "release": campaign.release,
        "encoders": campaign.encoders,
        "sets": {r.name: _set(r) for r in campaign.results},
        "agreement": None,
    }
    if campaign.agreement:
        found = campaign.agreement
        facts["agreement"] = {
            "pairs": _estimate(found.pairs),
            "voted": _estimate(found.voted),
            "people": _estimate(found.people),
        }
    return json.dumps(facts, indent=2) + "\n"


def _plots(campaign: Campaign) -> dict[str, bytes]:
    plots = {}
    if any(r.systems for r in campaign.results):
        plots["Systems"] = systems_plot(campaign.results)
    if any(r.calibration.outcomes for r in campaign.results):
        plots["Reliability"] = reliability_plot(campaign.results)
    return plots


def _html_table(table: Table) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in table.columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(value.strip('*`'))}</td>" for value in row) + "</tr>"
        for row in table.rows
    )
    return (
        f"<h2>{escape(table.title)}</h2><p>{escape(table.about)}</p>"
        f"<table><tr>{head}</tr>{rows}</table>"
    )


def _set(result: Any) -> dict[str, Any]:
    return {
        "task": result.task,
        "sha256": result.sha256,
        "queries": result.queries,
        "primary": result.primary,
        "systems": {
            name: {metric: _estimate(found) for metric, found in metrics.items()}
            for name, metrics in result.systems.items()
        },
        "against": {
            name: {
                "difference": _estimate(c.difference),
                "relative": _finite(c.relative),
                "p_holm": result.p[name],
            }
            for name, c in result.against.items()
        },
        "slices": {
            label: {name: _estimate(found) for name, found in systems.items()}
            for label, systems in result.slices.items()
        },
        "calibration_error": _finite(result.calibration.error),
        "no_sure_match": _finite(result.silent),
        "ms": {name: list(map(_finite, ms)) for name, ms in result.ms.items()},
    }


def _estimate(found: Estimate) -> dict[str, float | int | None]:
    return {
        "mean": _finite(found.mean),
        "low": _finite(found.low),
        "high": _finite(found.high),
        "n": found.n,
    }


def _finite(value: float) -> float | None:
    return None if isnan(value) else round(value, 6)

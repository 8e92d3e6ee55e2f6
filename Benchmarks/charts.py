#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws the figures of a report of bench.py as SVG, and puts them into docs/performance.md as tables.

    Benchmarks/charts.py                reads Benchmarks/results/bench.json, and peers.json beside it when it is there
"""
import argparse
import json
import pathlib
from xml.sax.saxutils import escape

HERE = pathlib.Path(__file__).resolve().parent
DOCS = HERE.parent / "docs"
INK, GRID, OURS, THEIRS = "#1f2328", "#d0d7de", "#0969da", "#8c959f"
WIDTH, BAR, GAP, LEFT, RIGHT = 760, 16, 14, 250, 90
# Chart, unit, and the figures in it by the names that bars get.
CHARTS = {
    "detection": ("File complete to the agent's first instruction, one task at a time (µs)", {
        f"{point}, {durability}": f"detection {point}, {durability}"
        for durability in ("relaxed", "full") for point in ("p50", "p99")
    }),
    "result": ("File complete to the visible result, one task at a time (µs)", {
        f"{point}, {durability}": f"submit to result {point}, {durability}"
        for durability in ("relaxed", "full") for point in ("p50", "p99")
    }),
    "throughput": ("No-op tasks a second", {
        f"{durability}, {count} at once": f"tasks a second, {durability}, {count} at once"
        for durability in ("relaxed", "full") for count in (1, 2, 8)
    }),
    "backlog": ("Seconds from the start with a long queue", {
        f"{count} queued{when}, {what}": f"{count} queued{when}: {what}"
        for count in ("10,000", "100,000", "1,000,000") for when in ("", ", after a crash")
        for what in ("first start", "all known")
    }),
}


def number(value):
    """A value with three digits that count."""
    if value is None:
        return "–"
    if value == 0:
        return "0"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


class Drawing:
    """Horizontal bars in groups."""

    def __init__(self, title, groups, legend):
        self.parts = []
        self.groups, self.legend = groups, legend
        self.most = max(value for _, bars in groups for value, _ in bars) or 1
        y = 64
        for name, bars in groups:
            y = self.group(name, bars, y)
        self.height = y + 6
        self.text(16, 24, title, weight="600", size=15)
        for index, (label, colour) in enumerate(legend):
            self.rectangle(16 + 150 * index, 38, 12, colour)
            self.text(34 + 150 * index, 48, label)

    def group(self, name, bars, y):
        """One group; where the next one begins."""
        self.text(LEFT - 10, y + 12 + (len(bars) - 1) * BAR / 2, name, anchor="end")
        for value, colour in bars:
            length = max(1, (WIDTH - LEFT - RIGHT) * value / self.most)
            self.rectangle(LEFT, y, length, colour)
            self.text(LEFT + length + 6, y + 11, number(value))
            y += BAR
        return y + GAP

    def rectangle(self, x, y, width, colour):
        """One bar."""
        self.parts.append(f'<rect x="{x}" y="{y}" width="{width:.1f}" height="12" rx="2" fill="{colour}"/>')

    def text(self, x, y, words, anchor="start", weight="400", size=12):
        """One label."""
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}" font-size="{size}">'
            f"{escape(words)}</text>"
        )

    def svg(self):
        """The picture; it has a ground of its own, so that it can be read on any page."""
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.height}" width="{WIDTH}" '
            f'height="{self.height}" font-family="system-ui, sans-serif" fill="{INK}" role="img">'
        )
        ground = f'<rect width="{WIDTH}" height="{self.height}" rx="6" fill="#ffffff" stroke="{GRID}"/>'
        return "\n".join([head, ground, *self.parts, "</svg>", ""])


def draw(report, images):
    """All charts whose figures there are; their titles by name."""
    known = {figure["name"]: figure["median"] for figure in report["figures"]}
    drawn = {}
    for name, (title, wanted) in CHARTS.items():
        groups = []
        for label, figure in wanted.items():
            if figure in known:
                pairs = ((known[figure]["vigil"], OURS), (known[figure]["yardstick"], THEIRS))
                groups.append((label, [(value, colour) for value, colour in pairs if value is not None]))
        if groups:
            legend = [("Vigil", OURS), ("yardstick in C", THEIRS)]
            (images / f"{name}.svg").write_text(Drawing(title, groups, legend).svg())
            drawn[name] = title
    return drawn


def draw_peers(peers, images):
    """How soon and how many, beside other programs for the same job."""
    drawn = {}
    for name, key, title in (
        ("peers-latency", "start_ms", "Submit to the agent's first instruction, median of one at a time (ms)"),
        ("peers-rate", "rate", "No-op tasks a second, two at once"),
    ):
        rows = [(row["name"], row[key]) for row in peers if row.get(key) is not None]
        rows.sort(key=lambda row: row[1], reverse=name == "peers-rate")
        if rows:
            groups = [(label, [(value, OURS if label.startswith("vigil") else THEIRS)]) for label, value in rows]
            (images / f"{name}.svg").write_text(Drawing(title, groups, [("Vigil", OURS), ("others", THEIRS)]).svg())
            drawn[name] = title
    return drawn


def table(report):
    """All figures as a table."""
    lines = ["| figure | Vigil | yardstick | ratio (rounds) | demanded | |", "|---|---|---|---|---|---|"]
    for figure in report["figures"]:
        ratio = "–"
        if figure["ratio"] is not None:
            low, high = figure["spread"]
            ratio = f"{figure['ratio']:.2f} ({low:.2f}–{high:.2f})"
        verdict = {True: "met", False: "**missed**", None: ""}[figure["is_met"]]
        ours, theirs = figure["median"]["vigil"], figure["median"]["yardstick"]
        cells = [
            figure["name"], f"{number(ours)} {figure['unit']}", number(theirs), ratio,
            figure["demand"] if figure["is_met"] is not None else "–", verdict,
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def heading(report):
    """What was measured where."""
    on, load = report["machine"], report["load_average"]
    how = "with real-time priority (`chrt --rr`)" if report["isolated"] else "beside whatever else ran"
    return (
        f"Measured on {report['date']} at commit {on['commit']}: {on['cores']} cores of {on['processor']}, "
        f"{on['memory_gb']} GB, Linux {on['kernel']}, {on['file_system']}; {report['rounds']} rounds, {how}, "
        f"load average {load['least']:.1f} to {load['most']:.1f}."
    )


def replace(text, name, content):
    """Puts something between the marks of that name."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, rest = text.split(begin)
    return f"{before}{begin}\n\n{content}\n\n{end}{rest.split(end)[1]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=pathlib.Path, default=HERE / "results", help="where the reports are")
    parser.add_argument("--docs", type=pathlib.Path, default=DOCS, help="where performance.md and images/ are")
    options = parser.parse_args()
    images = options.docs / "images"
    images.mkdir(exist_ok=True)
    report = json.loads((options.results / "bench.json").read_text())
    drawn = draw(report, images)
    peers = options.results / "peers.json"
    if peers.exists():
        drawn |= draw_peers(json.loads(peers.read_text()), images)
    page = options.docs / "performance.md"
    text = replace(page.read_text(), "figures", heading(report) + "\n\n" + table(report))
    text = replace(text, "charts", "\n\n".join(f"![{title}](images/{name}.svg)" for name, title in drawn.items()))
    page.write_text(text)


main()

# SPDX-License-Identifier: Apache-2.0
"""Figures with what they are compared with, and what is demanded of them."""
import statistics

from .rig import VIGIL, YARDSTICK


class Figure:
    """One figure, measured in several rounds, beside the yardstick's where there is one."""

    def __init__(self, name, unit, *, most=None, least=None, limit=None):
        self.name, self.unit = name, unit
        # The largest or least ratio to the yardstick, or the largest value itself.
        self.most, self.least, self.limit = most, least, limit
        self.values = {VIGIL: [], YARDSTICK: []}

    def add(self, who, value):
        """Takes the value of one round."""
        self.values[who].append(value)

    def median(self, who):
        """The median of the rounds; None when there was none."""
        return statistics.median(self.values[who]) if self.values[who] else None

    @property
    def ratio(self):
        """Vigil's median by the yardstick's."""
        ours, theirs = self.median(VIGIL), self.median(YARDSTICK)
        return ours / theirs if ours is not None and theirs else None

    @property
    def spread(self):
        """The least and the largest ratio of a round."""
        pairs = list(zip(self.values[VIGIL], self.values[YARDSTICK]))
        ratios = [ours / theirs for ours, theirs in pairs if theirs]
        return [min(ratios), max(ratios)] if ratios else None

    @property
    def is_met(self):
        """Whether what is demanded is kept; None when nothing is."""
        ours, ratio = self.median(VIGIL), self.ratio
        if ours is None:
            return None
        if self.limit is not None:
            return ours <= self.limit
        if ratio is None:
            return None
        if self.most is not None:
            return ratio <= self.most
        return ratio >= self.least if self.least is not None else None

    @property
    def demand(self):
        """What is demanded, for people."""
        if self.limit is not None:
            return f"≤ {self.limit:g} {self.unit}"
        if self.most is not None:
            return f"≤ {self.most:g} ×"
        return f"≥ {self.least:g} ×" if self.least is not None else "–"

    def json(self):
        """For the report."""
        found = {"name": self.name, "unit": self.unit, "values": self.values, "demand": self.demand}
        found |= {"median": {who: self.median(who) for who in self.values}, "ratio": self.ratio}
        return found | {"spread": self.spread, "is_met": self.is_met}


class Report:
    """The figures in the order in which they were first named."""

    def __init__(self):
        self.figures = {}

    def add(self, name, unit, who, value, **demand):
        """Takes a value of a figure."""
        if name not in self.figures:
            self.figures[name] = Figure(name, unit, **demand)
        self.figures[name].add(who, value)

    def json(self):
        """All figures."""
        return [figure.json() for figure in self.figures.values()]


def number(value):
    """A value with three digits that count."""
    if value is None:
        return "–"
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def line(figure):
    """A line for people."""
    parts = [f"{figure.name}: {number(figure.median(VIGIL))} {figure.unit}"]
    if figure.ratio is not None:
        low, high = figure.spread
        parts.append(f"yardstick {number(figure.median(YARDSTICK))}")
        parts.append(f"ratio {figure.ratio:.2f} ({low:.2f}-{high:.2f})")
    if figure.is_met is not None:
        parts.append(f"{figure.demand} {'met' if figure.is_met else 'MISSED'}")
    return ", ".join(parts)

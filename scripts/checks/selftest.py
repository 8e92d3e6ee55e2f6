# SPDX-License-Identifier: Apache-2.0
# Plants violations of each rule in a temporary package, and near misses beside them; each rule must tell them apart.
import os
import tempfile

from .findings import ALLOW_LIST, Finding
from .plants import CLEAN, PLANTS

MARK = "<-"


def _write(root, files):
    """Writes the files; a line that ends in the mark is expected to be found, and is written without it."""
    expected = set()
    for path, text in files.items():
        lines = text.split("\n")
        for number, line in enumerate(lines, 1):
            if line.endswith(MARK):
                expected.add((path, number))
                lines[number - 1] = line[: -len(MARK)].rstrip()
        os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
        with open(os.path.join(root, path), "w", encoding="utf-8") as file:
            file.write("\n".join(lines))
    return expected


def _compare(rule, expected, found):
    places = {(finding.path, finding.line) for finding in found}
    for path, line in sorted(expected - places):
        yield Finding(path, line, rule, "planted and not found")
    for finding in found:
        if (finding.path, finding.line) not in expected:
            yield Finding(finding.path, finding.line, rule, "not planted and yet found: " + finding.advice)


def _try_rule(run, rule):
    with tempfile.TemporaryDirectory(prefix="vigil-check.") as root:
        expected = _write(root, {**CLEAN, **PLANTS[rule]})
        if not expected:
            yield Finding(rule, 0, rule, "nothing is planted for this rule")
        yield from _compare(rule, expected, run(root, [rule]))


def _try_everything(run, names):
    """A clean tree has no findings; the allow-list hides what it names, and only entries that are needed stay."""
    with tempfile.TemporaryDirectory(prefix="vigil-check.") as root:
        _write(root, CLEAN)
        yield from _compare("clean", set(), run(root, names))
        path = "Sources/Alpha/Excused.swift"
        planted = "// SPDX-License-Identifier: Apache-2.0\n// Stops.\n\nfunc stop() -> Never { fatalError(\"\") }\n"
        entries = [
            f"calls | {path} | fatalError | the self-test needs one",
            f"calls | {path} | try! | stale {MARK}",
            f"calls | {path} | no reason {MARK}",
        ]
        expected = _write(root, {path: planted, ALLOW_LIST: "\n".join(entries) + "\n"})
        yield from _compare("allow-list", expected, run(root, names))


def run(check, names):
    """Returns what the rules missed and what they found without cause."""
    failures = [failure for name in names for failure in _try_rule(check, name)]
    failures += _try_everything(check, names)
    return failures

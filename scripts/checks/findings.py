# SPDX-License-Identifier: Apache-2.0
# What a rule reports, which files there are, and which findings are allowed for a stated reason.
import os
from dataclasses import dataclass

SKIPPED_DIRECTORIES = {".git", ".build", "__pycache__", "node_modules"}
ALLOW_LIST = os.path.join("scripts", "checks", "allowed.txt")


@dataclass(frozen=True, order=True)
class Finding:
    """One place that breaks one rule, and what to do about it."""

    path: str
    line: int
    rule: str
    advice: str

    def __str__(self):
        return f"{self.path}:{self.line}: [{self.rule}] {self.advice}"


class Tree:
    """The files of one checkout, read at most once each."""

    def __init__(self, root):
        self.root = root
        self.paths = sorted(self._walk())
        self._texts = {}

    def _walk(self):
        for directory, names, files in os.walk(self.root):
            names[:] = [name for name in names if name not in SKIPPED_DIRECTORIES]
            for name in files:
                yield os.path.relpath(os.path.join(directory, name), self.root)

    def text(self, path):
        """The file's text; nothing for a file that is not UTF-8."""
        if path not in self._texts:
            try:
                with open(os.path.join(self.root, path), encoding="utf-8") as file:
                    self._texts[path] = file.read()
            except (UnicodeDecodeError, OSError):
                self._texts[path] = ""
        return self._texts[path]

    def lines(self, path):
        return self.text(path).split("\n")

    def under(self, folders, suffixes):
        """The paths below any of the folders that end in any of the suffixes."""
        return [
            path
            for path in self.paths
            if path.startswith(tuple(folder + "/" for folder in folders)) and path.endswith(suffixes)
        ]

    def swift_files(self):
        return self.under(("Sources", "Tests", "Benchmarks"), (".swift",))

    def shell_files(self):
        """Files that end in .sh or start with a shell's name."""
        for path in self.paths:
            first = self.text(path).split("\n", 1)[0]
            if path.endswith(".sh") or (first.startswith("#!") and first.split("/")[-1].split()[-1] in ("sh", "bash")):
                yield path


def apply_allow_list(tree, findings):
    """Drops what the allow-list names; reports entries that are malformed or name nothing."""
    if ALLOW_LIST not in tree.paths:
        return sorted(findings)
    remaining = set(findings)
    for number, entry in enumerate(tree.lines(ALLOW_LIST), 1):
        if not entry.strip() or entry.startswith("#"):
            continue
        fields = [field.strip() for field in entry.split("|")]
        if len(fields) != 4 or not all(fields):
            remaining.add(Finding(ALLOW_LIST, number, "allow-list", "write: rule | path | text of the line | reason"))
            continue
        rule, path, text, _ = fields
        matching = {
            finding
            for finding in remaining
            if finding.rule == rule and finding.path == path and text in tree.lines(path)[finding.line - 1]
        }
        if not matching:
            remaining.add(Finding(ALLOW_LIST, number, "allow-list", "nothing needs this entry any more: delete it"))
        remaining -= matching
    return sorted(remaining)

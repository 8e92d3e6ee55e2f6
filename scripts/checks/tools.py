# SPDX-License-Identifier: Apache-2.0
# Rules that other programs know: the formatter, the shell, the shell linter.
import os
import re
import shutil
import subprocess

from .findings import Finding

_LOCATION = re.compile(r"^(.+?):(\d+):(?:\d+:)?\s*(?:error|warning|note|style|info):\s*(.*)$")


def _run(tree, *command):
    return subprocess.run(command, cwd=tree.root, capture_output=True, text=True, check=False)


def _findings(output, rule, advice):
    for line in output.splitlines():
        if match := _LOCATION.match(line):
            yield Finding(os.path.normpath(match.group(1)), int(match.group(2)), rule, f"{match.group(3)}{advice}")


def check_format(tree):
    """Swift source that the formatter would write differently."""
    where = [name for name in ("Sources", "Tests", "Benchmarks") if os.path.isdir(os.path.join(tree.root, name))]
    result = _run(tree, "swift", "format", "lint", "--strict", "--parallel", "-r", *where, "Package.swift")
    found = list(_findings(result.stderr, "format", " (make format mends layout)"))
    yield from found
    if result.returncode != 0 and not found:
        yield Finding("Package.swift", 1, "format", "swift format fails: " + result.stderr.strip())


def check_shell(tree):
    """Shell scripts that do not parse, or that shellcheck objects to where it is installed."""
    linter = shutil.which("shellcheck")
    for path in tree.shell_files():
        shell = "bash" if "bash" in tree.lines(path)[0] else "sh"
        result = _run(tree, shell, "-n", path)
        if result.returncode != 0:
            match = re.search(r"(?:line )?(\d+):\s*(.*)", result.stderr)
            line, message = (int(match.group(1)), match.group(2)) if match else (1, result.stderr.strip())
            yield Finding(path, line, "shell", f"does not parse: {message}")
        elif linter:
            linted = _run(tree, linter, "--format=gcc", path)
            yield from _findings(linted.stdout, "shell", "")

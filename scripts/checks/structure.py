# SPDX-License-Identifier: Apache-2.0
# Rules about the shape of the source: imports, documentation, sizes, headers.
import ast
import json
import os
import re
import subprocess

from .findings import Finding
from .swift import FUNCTIONS, TYPES, declarations, split_code

TOOLCHAIN = {"Swift", "Synchronization", "FoundationEssentials", "Glibc", "Testing", "RegexBuilder", "Observation"}
# Part of the toolchain too; the rule about calls says why they may not be imported.
BANNED_ELSEWHERE = {"Foundation", "Dispatch"}
_IMPORT = re.compile(
    r"^[ \t]*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+"
    r"(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)",
    re.MULTILINE,
)


def check_imports(tree):
    """Imports that the manifest does not declare; the compiler accepts them when they are reachable."""
    described = subprocess.run(
        ["swift", "package", "--package-path", tree.root, "describe", "--type", "json"],
        capture_output=True,
        text=True,
        check=False,
    )
    if described.returncode != 0:
        yield Finding("Package.swift", 1, "imports", "swift package describe fails: " + described.stderr.strip())
        return
    targets = json.loads(described.stdout)["targets"]
    modules = {target["name"]: target["c99name"] for target in targets}
    for target in targets:
        if target["module_type"] != "SwiftTarget":
            continue
        declared = {modules.get(name, name) for name in target.get("target_dependencies", [])}
        for source in target["sources"]:
            path = f"{target['path']}/{source}"
            code, _ = split_code(tree.text(path))
            for match in _IMPORT.finditer(code):
                if match.group(1) in declared | TOOLCHAIN | BANNED_ELSEWHERE:
                    continue
                line = code.count("\n", 0, match.start(1)) + 1
                advice = f"declare {match.group(1)} for {target['name']} in Package.swift, or drop the import"
                yield Finding(path, line, "imports", advice)


_ATTRIBUTE = re.compile(r"\s*@\w+(?:\(.*\))?\s*$")


def _is_documented(lines, line):
    above = line - 2
    while above >= 0 and _ATTRIBUTE.match(lines[above]):
        above -= 1
    return above >= 0 and (lines[above].lstrip().startswith("///") or lines[above].rstrip().endswith("*/"))


def check_documentation(tree):
    """Declarations that others use and nobody explained.

    The compiler's symbol graph knows them too, but only after a build; reading the text takes a tenth of a second.
    """
    for path in tree.under(("Sources", "Tests/TestSupport"), (".swift",)):
        text = tree.text(path)
        lines = text.split("\n")
        for declaration in declarations(split_code(text)[0]):
            if not declaration.starts_line or declaration.kind in ("extension", "deinit"):
                continue
            if "override" in declaration.modifiers:
                continue
            is_shared = declaration.access() in ("public", "package")
            is_type = declaration.kind in TYPES and not declaration.is_hidden()
            if (is_shared or is_type) and not _is_documented(lines, declaration.line):
                level = declaration.access() or "type"
                advice = f"give this {level} {declaration.kind} a `///` comment: one sentence, then what it promises"
                yield Finding(path, declaration.line, "documentation", advice)


FILE_LIMIT, TEST_FILE_LIMIT, FUNCTION_LIMIT = 500, 700, 60
_C_FUNCTION = re.compile(r"^[A-Za-z_][^;{}]*\)\s*\{[ \t]*\n[\s\S]*?^\}", re.MULTILINE)


def _swift_functions(text):
    for declaration in declarations(split_code(text)[0]):
        if declaration.kind in FUNCTIONS and declaration.last_line:
            yield declaration.line, declaration.last_line


def _c_functions(text):
    for match in _C_FUNCTION.finditer(text):
        first = text.count("\n", 0, match.start()) + 1
        yield first, first + match.group().count("\n")


def _python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.lineno, node.end_lineno


def _is_python(tree, path):
    return path.endswith(".py") or tree.text(path).split("\n", 1)[0].endswith("python3")


def check_length(tree):
    """Files and functions too long to be read in one go."""
    for path in tree.paths:
        if path.endswith((".swift", ".c", ".h")):
            functions = _swift_functions if path.endswith(".swift") else _c_functions
        elif _is_python(tree, path):
            functions = _python_functions
        else:
            continue
        text = tree.text(path)
        limit = TEST_FILE_LIMIT if path.startswith("Tests/") else FILE_LIMIT
        length = text.count("\n")
        if length > limit:
            yield Finding(path, limit + 1, "length", f"{length} lines, at most {limit}: split the file by concern")
        for first, last in functions(text):
            size = last - first + 1
            if size > FUNCTION_LIMIT:
                advice = f"a function of {size} lines, at most {FUNCTION_LIMIT}: give its steps names of their own"
                yield Finding(path, first, "length", advice)


def check_header(tree):
    """Source files without the licence line."""
    shell = set(tree.shell_files())
    for path in tree.paths:
        is_source = path.endswith((".swift", ".c", ".h")) and path != "Package.swift"
        if not (is_source or path in shell or _is_python(tree, path)):
            continue
        if not any("SPDX-License-Identifier: Apache-2.0" in line for line in tree.lines(path)[:2]):
            yield Finding(path, 1, "header", "start with the line `SPDX-License-Identifier: Apache-2.0` as a comment")


_LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")


def check_links(tree):
    """Links between documents that lead nowhere."""
    for path in tree.paths:
        if not path.endswith(".md"):
            continue
        for number, line in enumerate(tree.lines(path), 1):
            for match in _LINK.finditer(line):
                target = match.group(1).split("#")[0]
                if not target or re.match(r"[a-z]+:", target):
                    continue
                place = os.path.join(tree.root, os.path.dirname(path), target)
                if not os.path.exists(place):
                    yield Finding(path, number, "links", f"`{target}` does not exist: mend the link")

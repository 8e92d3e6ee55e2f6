# SPDX-License-Identifier: Apache-2.0
# Reads Swift source just well enough to tell code from comments and strings, and which braces belong to what.
import re
from dataclasses import dataclass, field

_OPENING = re.compile(r'//|/\*|(#*)("""|")|[()]')
_COMMENT_EDGE = re.compile(r"/\*|\*/")


class _Blanker:
    """Copies code and replaces comments and string contents by spaces, keeping every line break."""

    def __init__(self, text):
        self.text = text
        self.code = []
        self.comments = {}

    def run(self):
        position = 0
        while position < len(self.text):
            position = self._code(position, nested=False)
        return "".join(self.code), self.comments

    def _blank(self, start, end):
        self.code.append(re.sub(r"[^\n]", " ", self.text[start:end]))

    def _code(self, position, nested):
        """Copies code up to the end, or when nested up to the parenthesis that closes an interpolation."""
        depth = 0
        while match := _OPENING.search(self.text, position):
            self.code.append(self.text[position : match.start()])
            token = match.group()
            if token in "()":
                self.code.append(token)
                position = match.end()
                depth += 1 if token == "(" else -1
                if nested and depth < 0:
                    return position
            elif token.startswith("/"):
                position = self._comment(match.start())
            else:
                position = self._string(match.end(), match.group(1), match.group(2))
        self.code.append(self.text[position:])
        return len(self.text)

    def _comment(self, start):
        if self.text.startswith("//", start):
            end = self.text.find("\n", start)
            end = len(self.text) if end < 0 else end
        else:
            end, depth = start + 2, 1
            while depth and (edge := _COMMENT_EDGE.search(self.text, end)):
                depth += 1 if edge.group() == "/*" else -1
                end = edge.end()
            end = len(self.text) if depth else end
        line = self.text.count("\n", 0, start) + 1
        for offset, part in enumerate(self.text[start:end].split("\n")):
            self.comments[line + offset] = self.comments.get(line + offset, "") + part
        self._blank(start, end)
        return end

    def _string(self, position, hashes, quote):
        """Blanks a literal whose content starts at `position`, and copies the code of its interpolations."""
        self.code.append(" " * (len(hashes) + len(quote)))
        escape, closing = "\\" + hashes, quote + hashes
        edge = re.compile(re.escape(escape) + r"[\s\S]|" + re.escape(closing) + ("" if len(quote) == 3 else r"|\n"))
        while match := edge.search(self.text, position):
            if match.group() == escape + "(":
                self._blank(position, match.end())
                position = self._code(match.end(), nested=True)
                continue
            self._blank(position, match.end())
            position = match.end()
            if not match.group().startswith("\\"):
                return position
        self._blank(position, len(self.text))
        return len(self.text)


def split_code(text):
    """Returns the code with comments and strings blanked, and the comment text of each line."""
    return _Blanker(text).run()


@dataclass
class Declaration:
    """One declaration: what it is, where it starts and ends, and what encloses it."""

    kind: str
    line: int
    modifiers: list = field(default_factory=list)
    starts_line: bool = False
    enclosing: "Declaration | None" = None
    last_line: int = 0

    def access(self):
        """The access level as written here or by the protocol or extension around it; empty when neither does."""
        levels = ("public", "package", "internal", "private", "fileprivate")
        written = [modifier for modifier in self.modifiers if modifier in levels]
        if written:
            return written[0]
        if self.enclosing and self.enclosing.kind in ("protocol", "extension"):
            return self.enclosing.access()
        return ""


    def is_hidden(self):
        """Whether it, or anything around it, is private."""
        around = self.enclosing is not None and self.enclosing.is_hidden()
        return around or self.access() in ("private", "fileprivate")


TYPES = ("struct", "class", "enum", "actor", "protocol", "extension")
FUNCTIONS = ("func", "init", "deinit", "subscript")
VALUES = ("var", "let", "typealias", "associatedtype", "case")
_TOKEN = re.compile(r"[{}()\[\]]|(?<![\w.`$#@])(?:" + "|".join(TYPES + FUNCTIONS + VALUES) + r")\b(?!`)")
_FOLLOWED = {
    "class": r"\s+(?!func\b|var\b|let\b|subscript\b)\w",
    "actor": r"\s+[A-Z]",
    "extension": r"\s+\w",
    "init": r"\s*[(<?!]",
    "deinit": r"\s*\{",
    "subscript": r"\s*[(<]",
}
_PREFIX = re.compile(r"\s*(?:@\w+(?:\([^)]*\))?\s+)*((?:\w+(?:\([^)]*\))?\s+)*)$")


class _Reader:
    """Walks over blanked code and keeps the stack of open braces."""

    def __init__(self, code):
        self.code = code
        self.found = []
        self.stack = []  # a Declaration or None for each open brace
        self.pending = None
        self.pending_depth = 0
        self.depth = 0

    def run(self):
        line, position = 1, 0
        for match in _TOKEN.finditer(self.code):
            line += self.code.count("\n", position, match.start())
            position = match.start()
            token = match.group()
            if token == "{":
                self._open()
            elif token == "}":
                self._close(line)
            elif token in "([":
                self.depth += 1
            elif token in ")]":
                self.depth -= 1
            else:
                self._declare(token, match, line)
        return self.found

    def _open(self):
        owns = self.pending is not None and self.pending_depth == self.depth
        self.stack.append(self.pending if owns else None)
        if owns:
            self.pending = None

    def _close(self, line):
        if self.depth <= self.pending_depth:  # not a closure among the parameters
            self.pending = None
        if self.stack and (closed := self.stack.pop()):
            closed.last_line = line

    def _declare(self, kind, match, line):
        if kind in _FOLLOWED and not re.match(_FOLLOWED[kind], self.code[match.end() : match.end() + 40]):
            return
        enclosing = self.stack[-1] if self.stack else None
        in_type = enclosing is not None and enclosing.kind in TYPES
        if kind in ("init", "deinit", "subscript") and not in_type:
            return
        start = self.code.rfind("\n", 0, match.start()) + 1
        prefix = _PREFIX.match(self.code[start : match.start()])
        words = re.sub(r"\([^)]*\)", "", prefix.group(1)).split() if prefix else []
        declaration = Declaration(kind, line, words, prefix is not None, enclosing)
        if not self.stack or in_type:
            self.found.append(declaration)
        elif kind == "func":
            self.found.append(declaration)
        if self.pending is None or self.pending_depth == self.depth:
            self.pending, self.pending_depth = declaration, self.depth


def declarations(code):
    """Every declaration of a type or of the file, and every nested function, in source order."""
    return _Reader(code).run()

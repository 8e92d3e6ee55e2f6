# SPDX-License-Identifier: Apache-2.0
# Calls, keywords and words that may not appear, each with where it may and what to write in its place.
import re
from dataclasses import dataclass

from .findings import Finding
from .swift import split_code

SYSTEM = ("Sources/SystemKit/", "Sources/Supervision/")
SWAP_IN = ("Sources/ArgumentParser/", "Sources/Logging/", "Sources/Metrics/", "Sources/ServiceLifecycle/")


@dataclass(frozen=True)
class Ban:
    """A pattern of code, the paths it is banned under, the paths it is allowed under, and the remedy."""

    pattern: str
    advice: str
    allowed: tuple = ()
    within: tuple = ("Sources/", "Tests/", "Benchmarks/")


BANS = (
    Ban(r"\bTask\s*\.\s*sleep\b", "wakes the process once a second for ever: take a timer from the reactor"),
    Ban(
        r"(?<![.\w`])(?<!func )(?:u|nano)?sleep\s*\(|\bThread\s*\.\s*sleep\b",
        "nothing waits by sleeping: wait for the event",
    ),
    Ban(r"(?<![.\w])Date\s*\(\s*\)|\bDate\s*\.\s*now\b", "take a WallClock from the initialiser"),
    Ban(r"(?<![.\w])UUID\s*\(\s*\)", "take the identifier, or the generator that makes it, from the initialiser"),
    Ban(
        r"\bSystemRandomNumberGenerator\b|\.(?:shuffled|randomElement)\s*\(\s*\)"
        r"|\.random\s*\((?!(?:[^()]|\([^()]*\))*\busing\s*:)",
        "take `inout some RandomNumberGenerator`; only Commands and Worker name the system's",
        allowed=("Sources/Commands/", "Sources/Worker/"),
    ),
    Ban(r"\bDispatch(?:Queue|Source|Group|Semaphore|WorkItem)\w*", "use the reactor or its blocking pool"),
    Ban(r"\bfatalError\s*\(", "throw an error; `preconditionFailure(\"sentence\")` for a bug of our own"),
    Ban(r"\btry!", "use `try` and handle the error"),
    Ban(r"\bas!", "use `as?` and handle nil"),
    Ban(
        r"(?<![.\w`])(?<!func )(?:debugPrint|print|dump)\s*\(",
        "write through the command's output or a logger",
        allowed=("Sources/ArgumentParser/",),
    ),
    Ban(r"\bimport\s+Foundation\b", "import FoundationEssentials: it starts faster and is a fifth of the size"),
    Ban(r"\bimport\s+Dispatch\b", "use the reactor or its blocking pool"),
    Ban(
        r"\bimport\s+(?:Glibc|CLinux)\b",
        "system calls live in SystemKit and Supervision: use or add a wrapper there",
        allowed=SYSTEM + ("Sources/ArgumentParser/",),
        within=("Sources/",),
    ),
    Ban(r"@testable\b", "test through the `package` interface, so that tests also run with -c release"),
    Ban(
        r"@unchecked\s+Sendable\b|\bnonisolated\s*\(\s*unsafe\s*\)",
        "use Mutex, Atomic or an actor; only SystemKit and Supervision may promise safety by hand",
        allowed=SYSTEM,
    ),
    Ban(
        r"\bpublic\b(?!\s*import\s+(?:ArgumentParser|Logging|Metrics|ServiceLifecycle)\b)"
        r"|\bopen\s+(?:class|func|var)\b",
        "use `package`: only modules that stand in for well-known packages are public",
        allowed=SWAP_IN,
        within=("Sources/", "Tests/TestSupport/"),
    ),
)

_TASK = re.compile(
    r"(?<!extension )(?<![.\w])Task\s*"
    r"(?:\.\s*detached\b|(?:\((?![^()]*executorPreference)(?:[^()]|\([^()]*\))*\)\s*)?\{)"
)
_TASK_REASONS = ("shield", "bridge", "entry point")
_TRY = re.compile(r"\btry\?")
_UNSAFE = re.compile(r"@unchecked\s+Sendable\b|\bnonisolated\s*\(\s*unsafe\s*\)")


def _line_of(code, position):
    return code.count("\n", 0, position) + 1


def _comment_above(comments, code_lines, line, pattern=None):
    """The comment on the line or directly above it, above further lines with the same pattern too."""
    found = comments.get(line, "")
    above = line - 1
    while pattern and above > 0 and pattern.search(code_lines[above - 1]):
        found += comments.get(above, "")
        above -= 1
    while above > 0 and comments.get(above) and not code_lines[above - 1].strip():
        found += comments[above]
        above -= 1
    return found


def _reasons(path, code, comments):
    """What is right only with a comment that says why."""
    lines = code.split("\n")
    for match in _TRY.finditer(code):
        line = _line_of(code, match.start())
        if not _comment_above(comments, lines, line, _TRY):
            yield Finding(path, line, "calls", "`try?` needs a comment, here or above, why losing the error is right")
    for match in _UNSAFE.finditer(code) if path.startswith(SYSTEM) else ():
        line = _line_of(code, match.start())
        if not _comment_above(comments, lines, line, _UNSAFE):
            yield Finding(path, line, "calls", "name the invariant that makes this safe in a comment, here or above")
    for match in _TASK.finditer(code) if path.startswith("Sources/") else ():
        line = _line_of(code, match.start())
        comment = _comment_above(comments, lines, line).lower()
        if not any(reason in comment for reason in _TASK_REASONS):
            advice = (
                "use a task group or Task(executorPreference:); if this is a cancellation shield, a sync-to-async "
                "bridge or the entry point, say which and why in a comment, here or above"
            )
            yield Finding(path, line, "calls", advice)


def check_calls(tree):
    """Calls that break determinism, safety or the idle promise."""
    for path in tree.swift_files():
        code, comments = split_code(tree.text(path))
        for ban in BANS:
            if not path.startswith(ban.within) or path.startswith(ban.allowed or ("\0",)):
                continue
            for match in re.finditer(ban.pattern, code):
                yield Finding(path, _line_of(code, match.start()), "calls", f"`{match.group().strip()}`: {ban.advice}")
        yield from _reasons(path, code, comments)


_TRACKER = re.compile(r"(?<![\w&/#'\"(.-])#\d{1,5}\b(?![\w-])")
_ALONE = "the project speaks of itself alone"
# Spelt so that this file does not find itself.
WORDS = (
    (re.compile("/" + r"work/"), "a path of one machine: use a relative or configured path"),
    (re.compile(r"(?i)\bsession\s+#?\d+\b|\b(?:this|previous|last|next) session\b"), _ALONE),
    (re.compile(r"(?i)\b(?:issue|ticket|bug|task list|plan)\s+#?\d+\b"), "say what and why, not a number in a tracker"),
    (_TRACKER, "say what and why, not a number in a tracker"),
    (re.compile(r"(?<![\w.$%-])[RF]\d{2}\b(?!:)"), "say the case in words, not its row in a catalogue"),
    (re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b"), "do it or leave it out: the code is the plan"),
)
_IMMEDIATE_OPERANDS = (".c", ".h")  # where a hash and a number are an assembler's
_TEXT = (".swift", ".c", ".h", ".md", ".py", ".sh", ".txt", ".yml", ".yaml", ".json", ".toml", ".service", "Makefile")


def check_words(tree):
    """Words that speak of the workshop and not of the project."""
    shell = set(tree.shell_files())
    for path in tree.paths:
        if not (path.endswith(_TEXT) or path in shell or path == "scripts/check"):
            continue
        for number, line in enumerate(tree.lines(path), 1):
            for pattern, advice in WORDS:
                if pattern is _TRACKER and path.endswith(_IMMEDIATE_OPERANDS):
                    continue
                if match := pattern.search(line):
                    yield Finding(path, number, "words", f"`{match.group().strip()}`: {advice}")

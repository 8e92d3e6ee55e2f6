# SPDX-License-Identifier: Apache-2.0
# Runs the tests of the page: each with a browser window of its own, all of a group with one daemon.
import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import traceback

sys.dont_write_bytecode = True

from playwright.sync_api import sync_playwright  # noqa: E402

import acting  # noqa: E402
import enduring  # noqa: E402
import everyone  # noqa: E402
from browser import Reader  # noqa: E402
from daemon import Daemon  # noqa: E402

GROUPS = {"acting": acting, "enduring": enduring, "everyone": everyone}


class Desk:
    """What a test works with."""

    def __init__(self, browser, daemon, options):
        self._browser, self.daemon, self._options = browser, daemon, options
        self.token = daemon.token("tester", "admin")
        self._tokens = {"admin": self.token}
        self._readers = []

    def reader(self, signed_in=None, scope="admin", **options):
        """A browser window, signed in at a place or not."""
        reader = Reader(self._browser, self.daemon, serves_source=self._options.assets, **options)
        self._readers.append(reader)
        if signed_in is not None:
            if scope not in self._tokens:
                self._tokens[scope] = self.daemon.token(f"tester-{scope}", scope)
            reader.sign_in(self._tokens[scope], signed_in)
        return reader

    def picture(self, page, name):
        """Keeps what is on the screen, where that is asked for."""
        if self._options.screenshots:
            page.mouse.move(0, 0)
            page.screenshot(path=os.path.join(self._options.screenshots, f"{name}.png"))

    def clear(self, failed):
        """Closes all windows, and gives what must not have happened in any of them."""
        if failed and self._readers:
            self.picture(self._readers[-1].page, f"failed-{failed}")
        faults = [fault for reader in self._readers for fault in reader.close()]
        self._readers = []
        return faults


def run_test(test, desk):
    """Runs one test, and gives why it has failed, or nothing."""
    name = test.__name__.replace("_", " ")
    started = time.monotonic()
    why = ""
    try:
        test(desk)
    except Exception as error:  # noqa: BLE001 - whatever it is, the next test is to run
        here = os.path.dirname(os.path.abspath(__file__))
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if os.path.dirname(frame.filename) == here]
        # What a browser was tried for in vain is long; the beginning says it.
        words = "\n".join(str(error).splitlines()[:8])
        why = f"{type(error).__name__}: {words}\n" + "".join(traceback.format_list(frames))
    why += "\n".join(desk.clear(test.__name__ if why else None))
    print(f"{'FAIL' if why else 'ok  '} {name} ({time.monotonic() - started:.1f} s)", flush=True)
    if why:
        print("     " + why.strip().replace("\n", "\n     "), flush=True)
    return why


def run_group(group, browser, options):
    """Runs the tests of a group that are wanted, and gives the number of those that failed."""
    tests = [test for test in group.TESTS if re.search(options.only, test.__name__)]
    if not tests:
        return 0
    daemon = Daemon("marie,pierre,irene")
    try:
        daemon.start()
        desk = Desk(browser, daemon, options)
        failed = sum(1 for test in tests if run_test(test, desk))
        if failed:
            print(daemon.log()[-3000:], file=sys.stderr)
        return failed
    finally:
        daemon.end()


def shrink(path, target):
    """Makes a picture small enough for a repository."""
    command = ["pngquant", "--quality", "85-98", "--speed", "1", "--strip", "--force", "--output", target, path]
    if not shutil.which("pngquant") or subprocess.run(command, check=False).returncode != 0:
        shutil.copyfile(path, target)


def main():
    parser = argparse.ArgumentParser(description="Tests the dashboard in Chromium against a daemon.")
    parser.add_argument("--only", default="", metavar="PATTERN", help="only tests whose name fits")
    parser.add_argument("--screenshots", metavar="DIRECTORY", help="keep a picture of every view there")
    parser.add_argument("--docs", metavar="DIRECTORY", help="with --screenshots: those that the documents show, made small")
    parser.add_argument("--assets", action="store_true", help="take the page's files from the source")
    options = parser.parse_args()
    if options.screenshots:
        os.makedirs(options.screenshots, exist_ok=True)
    # Whoever ends it early leaves no daemon behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    started = time.monotonic()
    with sync_playwright() as playwright:
        # Chromium's own sandbox does not start as root; what is looked at here is our own page.
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        failed = sum(run_group(group, browser, options) for group in GROUPS.values())
        browser.close()
    if options.docs and options.screenshots:
        for (view, form), name in everyone.DOCUMENTED.items():
            shrink(os.path.join(options.screenshots, f"{view}-{form}.png"), os.path.join(options.docs, f"dashboard-{name}.png"))
    verdict = "all pass" if failed == 0 else f"{failed} failed"
    print(f"dashboard: {verdict} ({time.monotonic() - started:.0f} s)", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
# A reader of the page, who notices whatever must never happen: errors of the page, and requests to elsewhere.
import os
import re

from playwright.sync_api import expect

from daemon import HOME

ASSETS = os.path.join(HOME, "Sources", "CDashboard", "assets")
TYPES = {"html": "text/html; charset=utf-8", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
# What the browser itself notes about answers that the page deals with.
NOTED = re.compile(r"Failed to load resource: the server responded with a status of (401|403|404|409|422) ")
LOST = re.compile(r"Failed to load resource: net::ERR_|net::ERR_")
PATIENCE = 30_000

expect.set_options(timeout=PATIENCE)


class Reader:
    """A browser window with a session of its own."""

    def __init__(self, browser, daemon, *, serves_source=False, is_cut_off=False, **options):
        self.daemon = daemon
        self.faults = []
        self.requests = []
        self._is_cut_off = is_cut_off
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        self.context.set_default_timeout(PATIENCE)
        if serves_source:
            self._serve_source()
        self.page = self.context.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        self.page.on("request", self._note)

    def _serve_source(self):
        """Takes the page's files from the source, with the policy that the daemon sends."""
        def answer(route):
            name = route.request.url.split("?")[0].rsplit("/", 1)[1] or "index.html"
            with open(os.path.join(ASSETS, name), "rb") as file:
                body = file.read()
            policy = route.fetch(url=f"{self.daemon.address}/").headers["content-security-policy"]
            kind = TYPES[name.rsplit(".", 1)[1]]
            route.fulfill(body=body, content_type=kind, headers={"Content-Security-Policy": policy})

        self.context.route(re.compile(r"^http://[^/]+/(assets/[^/]+)?$"), answer)

    def _hear(self, message):
        if message.type not in ("error", "warning") or NOTED.match(message.text):
            return
        if self._is_cut_off and LOST.search(message.text):
            return
        self.faults.append(f"{message.type}: {message.text}")

    def _note(self, request):
        self.requests.append(request)
        if not request.url.startswith((self.daemon.address + "/", "data:")):
            self.faults.append(f"a request to elsewhere: {request.url}")

    def asked(self, path):
        """The requests of the API whose path begins so."""
        return [request for request in self.requests if request.url.startswith(f"{self.daemon.address}/api/v1{path}")]

    def open(self, place="/"):
        self.page.goto(f"{self.daemon.address}/#{place}")

    def sign_in(self, token, place="/"):
        """Opens the page, and shows a token."""
        self.open(place)
        self.page.get_by_label("Token", exact=True).fill(token)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("navigation", name="Views")).to_be_visible()

    def heading(self, text):
        expect(self.page.get_by_role("heading", level=1)).to_have_text(text)

    def act(self, name, scope=None):
        """Presses a button of a view."""
        (scope or self.page.locator("main")).get_by_role("button", name=name, exact=True).click()

    def confirm(self, name):
        """Presses a button of the dialog, which closes by that."""
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_role("button", name=name, exact=True).click()
        expect(dialog).to_be_hidden()

    def row(self, text):
        return self.page.locator("tbody tr").filter(has_text=text)

    def close(self):
        """Ends the window, and gives what must not have happened."""
        self.context.close()
        return self.faults

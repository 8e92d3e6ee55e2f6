# SPDX-License-Identifier: Apache-2.0
# The page for everyone: with the keyboard alone, read aloud, dark and light, wide and narrow.
import datetime
import os
import random
import re

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

VIEWS = {
    "overview": "/", "tasks": "/tasks", "task": "/tasks/review-main", "failed": "/tasks/sync-2",
    "workers": "/workers", "letters": "/dead-letters", "groups": "/groups", "history": "/history",
    "submit": "/submit", "settings": "/settings",
}
TITLES = {
    "overview": "Overview", "tasks": "^Tasks", "task": "Task review-main", "failed": "Task sync-2", "workers": "Workers",
    "letters": "Dead letters", "groups": "Groups", "history": "History", "submit": "Submit", "settings": "Settings",
}
FORMS = {
    "light": {"color_scheme": "light"}, "dark": {"color_scheme": "dark"},
    "phone": {"color_scheme": "light", "viewport": {"width": 390, "height": 844}, "device_scale_factor": 2},
}
# What the documents show, as they call it.
DOCUMENTED = {("overview", "light"): "overview", ("task", "dark"): "task", ("overview", "phone"): "phone"}


def remember(daemon):
    """A day of results, so that there is a history to be drawn."""
    chance = random.Random(7)
    now = datetime.datetime.now(datetime.timezone.utc)
    for number in range(240):
        end = now - datetime.timedelta(minutes=6 * number + chance.randrange(5) + 5)
        busy = 12 <= end.hour <= 20
        if not busy and chance.random() < 0.7:
            continue
        took = chance.lognormvariate(3.2 if busy else 2.6, 0.5)
        begin = end - datetime.timedelta(seconds=took)
        good = chance.random() > 0.08
        daemon.remember(
            f"page-{number}", "pierre" if number % 3 else "irene", good,
            begin - datetime.timedelta(seconds=chance.expovariate(0.2)), begin, end,
        )


def furnish(daemon):
    """A queue with something of everything."""
    remember(daemon)
    for number in range(14):
        daemon.submit(f"chapter-{number}", f"echo chapter {number} is summarised", group="book")
    for number in range(3):
        daemon.submit(f"sync-{number}", "echo connecting; echo connection refused >&2; exit 3", "pierre", group="sync")
    daemon.wait(*(f"chapter-{number}" for number in range(14)), *(f"sync-{number}" for number in range(3)))
    review = "n=0; while [ $n -lt 40 ]; do n=$((n+1)); echo \"reading Sources/module-$n.swift: fine\"; done; "
    daemon.gate("review")
    daemon.submit("review-main", review + 'cat "$VIGIL_ROOT/review"', "irene", priority="high", max_cost_usd=2)
    daemon.submit("review-notes", "true", "irene", dependencies=["review-main"])
    daemon.run("pause", "marie")
    for number in range(3):
        daemon.submit(f"appendix-{number}", "true", group="book")


def violations(page):
    """What axe-core objects to, in a line each."""
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]


def visit(reader, name, place):
    """Opens a view, and waits until all of it is there."""
    page = reader.page
    reader.open(place)
    expect(page.locator("main .panel, main .scroll").first).to_be_visible()
    expect(page).to_have_title(re.compile(TITLES[name]))
    expect(page.locator("main")).not_to_have_attribute("aria-busy", "true")
    if name == "task":
        expect(page.get_by_role("log")).to_contain_text("module-40")
    if name == "settings":
        expect(page.get_by_text("HEARTBEAT_INTERVAL")).to_be_visible()


def is_readable_in_every_form(desk):
    """No view breaks a rule of accessibility in any colours, or is wider than the screen, however narrow."""
    furnish(desk.daemon)
    for form, options in FORMS.items():
        # What still moves has not its last colours.
        reader = desk.reader(signed_in="/", reduced_motion="reduce", **options)
        expect(reader.page.locator(".problem").filter(has_text="3 while paused")).to_be_visible()
        for name, place in VIEWS.items():
            visit(reader, name, place)
            # The phone has the same words and colours, and is looked at for its width alone.
            found = [] if form == "phone" else violations(reader.page)
            assert not found, f"{name}, {form}: " + "; ".join(found)
            wide = reader.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, f"{name}, {form}: {wide} px too wide"
            desk.picture(reader.page, f"{name}-{form}")
        reader.open("/tasks/review-main")
        reader.act("Cancel")
        found = violations(reader.page)
        assert not found, f"dialog, {form}: " + "; ".join(found)
        reader.confirm("Keep")
        reader.page.get_by_role("button", name="Sign out").click()
        reader.heading("Sign in")
        found = violations(reader.page)
        assert not found, f"sign-in, {form}: " + "; ".join(found)


def colours_follow_the_switch(desk):
    """The switch wins over the system, and is remembered."""
    reader = desk.reader(signed_in="/", color_scheme="dark")
    page = reader.page
    ground = lambda: page.evaluate("getComputedStyle(document.body).backgroundColor")
    dark = ground()
    switch = page.get_by_role("button", name=re.compile("^Colours"))
    switch.click()
    expect(switch).to_have_accessible_name("Colours: light")
    light = ground()
    assert dark != light
    page.reload()
    assert ground() == light
    page.emulate_media(color_scheme="light")
    switch.click()
    expect(switch).to_have_accessible_name("Colours: dark")
    assert ground() == dark


def moves_little_for_those_who_ask_for_it(desk):
    """With reduced motion nothing is animated."""
    reader = desk.reader(signed_in="/", reduced_motion="reduce")
    reader.page.get_by_role("button", name="Keyboard shortcuts").click()
    moving = reader.page.evaluate("document.getAnimations().length")
    assert moving == 0, moving


FOCUS = """() => {
    const element = document.activeElement;
    if (element === document.body) return null;
    // A box that can be chosen is drawn by what stands behind it.
    const around = (one) => { const style = getComputedStyle(one); return style.outlineStyle !== 'none' && style.outlineWidth !== '0px'; };
    const box = element.getBoundingClientRect();
    return {
        what: element.outerHTML.slice(0, 200),
        name: (element.getAttribute('aria-label') || element.textContent || element.name || element.id).trim().slice(0, 40),
        isSeen: around(element) || (element.nextElementSibling !== null && around(element.nextElementSibling)),
        isThere: box.width > 0 && box.height > 0,
    };
}"""


def tab_to(page, pattern, most=120):
    """Goes on with the tab key until something has the focus; whatever has it on the way has to show it."""
    for _ in range(most):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUS)
        if focus is None:
            continue
        assert focus["isSeen"] and focus["isThere"], f"the focus is not to be seen: {focus}"
        if re.search(pattern, focus["name"]):
            return
    raise AssertionError(f"the tab key never comes to {pattern}")


def does_all_with_the_keyboard(desk):
    """Signs in, submits a task and cancels it without a mouse; the focus is seen everywhere, and goes back."""
    desk.daemon.gate("keys")
    reader = desk.reader()
    page = reader.page
    reader.open()
    expect(page.get_by_label("Token", exact=True)).to_be_focused()
    page.keyboard.type(desk.token)
    page.keyboard.press("Enter")
    reader.heading("Overview")
    page.keyboard.press("n")
    reader.heading("Submit a task")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    tab_to(page, "^Choose one|worker|marie")
    page.keyboard.type("marie")
    tab_to(page, "^task_id$")
    page.keyboard.type("by-keys")
    tab_to(page, "^description$")
    page.keyboard.type('echo begun; cat "$VIGIL_ROOT/keys"')
    tab_to(page, "^Submit$")
    page.keyboard.press("Enter")
    reader.heading("by-keys")
    expect(page.get_by_role("log")).to_contain_text("begun")
    tab_to(page, "^Cancel$")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Keep")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_role("button", name="Cancel", exact=True)).to_be_focused()
    page.keyboard.press("c")
    tab_to(page, "^Cancel task$")
    page.keyboard.press("Enter")
    expect(page.locator(".heading .badge")).to_have_text("cancelled")
    page.keyboard.press("g")
    page.keyboard.press("t")
    reader.heading("Tasks")
    page.keyboard.press("/")
    page.keyboard.type("by-k")
    expect(reader.row("by-keys")).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    reader.heading("by-keys")


def is_left_by_the_tab_key(desk):
    """From the beginning of each view the tab key comes to its end: nothing holds it."""
    reader = desk.reader(signed_in="/")
    page = reader.page
    for place in ("/", "/tasks", "/submit", "/workers"):
        reader.open(place)
        expect(page.get_by_role("heading", level=1)).to_be_focused()
        tab_to(page, "^Skip to content$", most=400)
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_be_focused()


TESTS = [
    colours_follow_the_switch, moves_little_for_those_who_ask_for_it, does_all_with_the_keyboard,
    is_left_by_the_tab_key, is_readable_in_every_form,
]

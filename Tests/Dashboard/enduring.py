# SPDX-License-Identifier: Apache-2.0
# What the page has to bear: a lost connection, hostile texts, very many rows and events.
import re

from playwright.sync_api import expect

LOST = "The connection is lost."
SPEAKS = re.compile("[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


def loses_and_regains_the_connection(desk):
    """It says so, tries again, goes on behind the last event, and shows what it has missed."""
    reader = desk.reader(signed_in="/tasks", is_cut_off=True)
    page = reader.page
    with page.expect_request(lambda request: "/events/stream" in request.url):
        page.reload()
    expect(page.locator("#link-state")).to_have_text("Live")
    seen = len(reader.asked("/tasks"))
    desk.daemon.submit("before-loss", "true")
    expect(reader.row("before-loss").locator(".badge")).to_have_text("completed")
    assert len(reader.asked("/tasks")) > seen
    reader.context.set_offline(True)
    expect(page.locator("#banner")).to_contain_text(LOST)
    expect(page.locator("#link-state")).to_have_text("Offline")
    desk.daemon.submit("while-lost", "true")
    desk.daemon.wait("while-lost")
    expect(reader.row("before-loss")).to_be_visible()
    tries = len(reader.asked("/events/stream"))
    reader.context.set_offline(False)
    expect(page.locator("#banner")).to_contain_text("The connection is back")
    expect(reader.row("while-lost")).to_be_visible()
    again = reader.asked("/events/stream")[tries:]
    assert again and re.search(r"after=\d+$", again[-1].url), [request.url for request in again]


def outlives_the_daemon(desk):
    """After a restart the reader signs in again, and is where he was."""
    reader = desk.reader(signed_in="/tasks?match=outlive", is_cut_off=True)
    page = reader.page
    desk.daemon.submit("outlive-1", "true")
    expect(reader.row("outlive-1").locator(".badge")).to_have_text("completed")
    desk.daemon.kill()
    expect(page.locator("#banner")).to_contain_text(LOST)
    desk.daemon.submit("outlive-2", "true")
    desk.daemon.start()
    reader.heading("Sign in")
    expect(page.get_by_text("The session is over")).to_be_visible()
    page.get_by_label("Token", exact=True).fill(desk.token)
    page.get_by_role("button", name="Sign in").click()
    expect(reader.row("outlive-2").locator(".badge")).to_have_text("completed")
    expect(page.locator("#banner")).to_be_hidden()
    assert re.search(r"after=\d+$", reader.asked("/events/stream")[-1].url)


def shows_hostile_texts_as_texts(desk):
    """Markup stays text, what would turn letters round is made visible, and a huge line breaks nothing."""
    evil = "<img src=x onerror=\"window.hit=1\"><script>window.hit=2</script>"
    marks = "\u202ethgir\u202c \u2066x\u2069 \u0007\u009b \u200b"
    # A comment of the shell, so that it is a description and does no harm.
    description = f"# {evil} {marks} \u001b[31mred\n" + "printf '%s\\n' " + f"'{evil}'; " + (
        "printf '\\033[2J\\033]0;title\\007\\342\\200\\256gniht\\n'; head -c 600000 /dev/zero | tr '\\0' x; echo; echo last; exit 3"
    )
    desk.daemon.submit("hostile", description, metadata={"note": f"{evil}{marks}"})
    desk.daemon.wait("hostile")
    reader = desk.reader(signed_in="/tasks/hostile")
    page = reader.page
    screen = page.get_by_role("log")
    expect(screen).to_contain_text("last")
    expect(page.get_by_role("group", name="Description")).to_contain_text(evil)
    expect(page.get_by_role("group", name="Description")).to_contain_text("\u27e8U+202E\u27e9thgir")
    expect(page.get_by_role("group", name="Description")).to_contain_text("\u241b[31mred")
    shown = page.locator("main").evaluate("element => element.textContent")
    assert not SPEAKS.search(shown), [hex(ord(mark)) for mark in SPEAKS.findall(shown)][:5]
    assert len(screen.evaluate("element => element.textContent")) <= 400_000
    for place, title in (("/", "Overview"), ("/tasks", "Tasks"), ("/dead-letters", "Dead letters")):
        reader.open(place)
        reader.heading(title)
        expect(page.get_by_role("link", name="hostile").first).to_be_visible()
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{place} is {wide} px too wide"
    file = page.get_by_role("link", name="hostile").first.get_attribute("href")
    reader.open(file.lstrip("#"))
    expect(page.get_by_role("group", name="The task as JSON")).to_contain_text("onerror")
    assert page.evaluate("window.hit") is None
    assert page.locator("main img, main script").count() == 0


def keeps_rows_and_place_while_it_refreshes(desk):
    """Five hundred rows stay the same elements while what they say changes."""
    desk.daemon.run("pause", "irene")
    for number in range(510):
        desk.daemon.submit(f"many-{number:03}", "true", worker="irene")
    reader = desk.reader(signed_in="/tasks?worker=irene")
    page = reader.page
    for shown in (100, 200, 300, 400):
        expect(page.locator("tbody tr")).to_have_count(shown)
        reader.act("Show 100 more")
    expect(page.locator("tbody tr")).to_have_count(500)
    expect(page.get_by_role("button", name="go on with older ones")).to_be_visible()
    page.evaluate("document.querySelectorAll('tbody tr').forEach((row, index) => { row.mine = index; })")
    page.evaluate("scrollTo(0, 3000)")
    place = page.evaluate("scrollY")
    with page.expect_response(lambda answer: "/api/v1/tasks?" in answer.url):
        desk.daemon.submit("newest", "true", worker="irene")
    expect(page.get_by_role("link", name="newest")).to_be_attached()
    kept = page.evaluate("[...document.querySelectorAll('tbody tr')].filter((row) => row.mine !== undefined).length")
    assert kept == 499, kept
    assert abs(page.evaluate("scrollY") - place) < 80
    reader.act("go on with older ones")
    expect(page.locator("tbody tr")).to_have_count(11)


def asks_seldom_however_much_happens(desk):
    """Events in a row make few requests: between two looks are two seconds."""
    reader = desk.reader(signed_in="/tasks?match=burst")
    page = reader.page
    expect(page.locator("#link-state")).to_have_text("Live")
    before = len(reader.asked("/status"))
    for burst in range(3):
        names = [f"burst-{burst}-{number:02}" for number in range(30)]
        for name in names:
            desk.daemon.submit(name, "true")
        desk.daemon.wait(*names)
        expect(page.locator("tbody .badge.good")).to_have_count(30 * (burst + 1))
    # The first one was waited for since the page was opened.
    starts = [request.timing["startTime"] / 1000 for request in reader.asked("/status")[before + 1:]]
    gaps = [later - earlier for earlier, later in zip(starts, starts[1:])]
    assert gaps and min(gaps) > 1.9, gaps


def asks_nothing_while_nobody_looks(desk):
    """A window that is not seen holds no connection and asks for nothing; when it is seen again it is up to date."""
    reader = desk.reader()
    page = reader.page
    page.clock.install()
    reader.sign_in(desk.token, "/tasks?match=unseen")
    expect(page.locator("#link-state")).to_have_text("Live")
    show = """state => {
        Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
    }"""
    with page.expect_event("requestfailed", lambda request: "/events/stream" in request.url):
        page.evaluate(show, "hidden")
    before = len(reader.requests)
    for name in ("unseen-1", "unseen-2", "unseen-3"):
        desk.daemon.submit(name, "true")
        desk.daemon.wait(name)
    # Whatever would be done within two minutes is done now.
    page.clock.run_for(120_000)
    asked = [request.url for request in reader.requests[before:]]
    assert not asked, asked
    page.evaluate(show, "visible")
    expect(page.locator("tbody .badge.good")).to_have_count(3)
    expect(page.locator("#link-state")).to_have_text("Live")


TESTS = [
    loses_and_regains_the_connection, outlives_the_daemon, shows_hostile_texts_as_texts,
    keeps_rows_and_place_while_it_refreshes, asks_seldom_however_much_happens, asks_nothing_while_nobody_looks,
]

# SPDX-License-Identifier: Apache-2.0
# What people do with the page.
import re

from playwright.sync_api import expect


def signs_in_and_out(desk):
    """A token is sent once, becomes a session, and is nowhere in the page."""
    reader = desk.reader()
    page = reader.page
    reader.open()
    reader.heading("Sign in")
    expect(page.get_by_role("navigation", name="Views")).to_be_hidden()
    page.get_by_label("Token", exact=True).fill("vigil_wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("The token is not known.")
    reader.sign_in(desk.token, "/workers")
    reader.heading(re.compile("Workers"))
    assert desk.token not in page.content()
    stores = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    assert desk.token not in stores and "session" not in stores, stores
    cookies = reader.context.cookies()
    assert [(one["httpOnly"], one["sameSite"]) for one in cookies] == [(True, "Strict")], cookies
    shown = [request for request in reader.requests if "authorization" in request.headers]
    assert [request.url.rsplit("/", 1)[1] for request in shown] == ["session", "session"], shown
    page.reload()
    reader.heading(re.compile("Workers"))
    page.get_by_role("button", name="Sign out").click()
    reader.heading("Sign in")
    page.reload()
    reader.heading("Sign in")


def submits_a_task_and_watches_its_output(desk):
    """What a task writes is on the screen while it runs, and its end without a reload."""
    first, second = desk.daemon.gate("first"), desk.daemon.gate("second")
    reader = desk.reader(signed_in="/submit")
    page = reader.page
    page.get_by_label("Worker").select_option("marie")
    page.get_by_label("Id", exact=True).fill("watched")
    page.get_by_label("Description").fill(
        'echo one; cat "$VIGIL_ROOT/first"; echo two; echo aside >&2; cat "$VIGIL_ROOT/second"; echo three'
    )
    reader.act("Submit")
    reader.heading("watched")
    output = page.get_by_role("log")
    expect(output).to_have_text("one\n", use_inner_text=True)
    expect(page.locator(".heading .badge")).to_have_text("running")
    first.open()
    expect(output).to_contain_text("two")
    page.get_by_role("button", name=re.compile("stderr")).click()
    expect(output).to_have_text("aside\n", use_inner_text=True)
    page.get_by_role("button", name=re.compile("stdout")).click()
    second.open()
    expect(output).to_contain_text("three")
    expect(page.locator(".heading .badge")).to_have_text("completed")
    expect(page.get_by_role("button", name="Run again")).to_be_visible()
    expect(reader.row("succeeded")).to_have_count(1)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    with open(download.value.path(), encoding="utf-8") as file:
        assert file.read() == "one\ntwo\nthree\n"


def is_told_what_is_wrong_with_a_task(desk):
    """The form keeps what was typed, and shows the server's own words."""
    reader = desk.reader(signed_in="/submit")
    page = reader.page
    reader.act("Submit")
    expect(page.get_by_role("alert")).to_have_text("Worker: it is needed.")
    page.get_by_label("Worker").select_option("marie")
    reader.act("Submit")
    expect(page.get_by_role("alert")).to_have_text("Description: it is needed.")
    page.get_by_label("Id", exact=True).fill("../evil")
    page.get_by_label("Description").fill("true")
    reader.act("Submit")
    expect(page.get_by_role("alert")).to_contain_text("task_id")
    assert page.get_by_label("Description").input_value() == "true"


def cancels_a_task_when_sure(desk):
    """Cancelling asks first; the other answer does nothing."""
    desk.daemon.gate("never")
    desk.daemon.submit("doomed", 'echo begun; cat "$VIGIL_ROOT/never"')
    reader = desk.reader(signed_in="/tasks/doomed")
    expect(reader.page.get_by_role("log")).to_contain_text("begun")
    reader.act("Cancel")
    expect(reader.page.get_by_role("dialog")).to_contain_text("doomed")
    reader.confirm("Keep")
    assert not reader.asked("/tasks/doomed/cancel")
    reader.act("Cancel")
    reader.confirm("Cancel task")
    expect(reader.page.locator(".heading .badge")).to_have_text("cancelled")


def retries_and_removes_dead_letters(desk):
    """One by one or several at once; what is removed is asked for with its number."""
    for name in ("letter-1", "letter-2", "letter-3", "letter-4"):
        desk.daemon.submit(name, f'echo again >>"$VIGIL_ROOT/{name}.runs"; exit 3')
    desk.daemon.wait("letter-1", "letter-2", "letter-3", "letter-4")
    reader = desk.reader(signed_in="/dead-letters")
    page = reader.page
    expect(reader.row("letter-")).to_have_count(4)
    reader.act("Retry", reader.row("letter-1"))
    expect(page.get_by_text("letter-1 is queued again.")).to_be_visible()
    desk.daemon.wait("letter-1")
    page.get_by_role("link", name="letter-2").click()
    reader.heading("letter-2")
    expect(page.locator("main")).to_contain_text("exit code 3")
    reader.act("Remove")
    reader.confirm("Keep")
    page.go_back()
    reader.heading("Dead letters")
    for name in ("letter-2", "letter-3"):
        page.get_by_role("checkbox", name=f"Choose {name}").check()
    reader.act("Remove 2")
    expect(page.get_by_role("dialog")).to_contain_text("Remove 2 dead letters?")
    reader.confirm("Remove 2")
    expect(page.get_by_text("2 dead letters removed.")).to_be_visible()
    expect(reader.row("letter-2")).to_have_count(0)
    expect(reader.row("letter-3")).to_have_count(0)
    reader.act("Remove", reader.row("letter-4"))
    reader.confirm("Remove")
    expect(reader.row("letter-4")).to_have_count(0)
    # It was run again, and has failed again.
    expect(reader.row("letter-1")).to_have_count(1)
    with open(f"{desk.daemon.root}/letter-1.runs", encoding="utf-8") as file:
        assert file.read() == "again\nagain\n"


def pauses_scales_and_drains_a_worker(desk):
    """What is blocked is first on the overview, with the way out of it."""
    reader = desk.reader(signed_in="/workers")
    page = reader.page
    pierre = page.get_by_role("region", name=re.compile("pierre"))
    reader.act("Pause", pierre)
    expect(pierre.locator("h2 .badge")).to_have_text("paused")
    desk.daemon.submit("held", "true", worker="pierre")
    page.get_by_role("link", name=re.compile("^Overview")).click()
    problem = page.locator(".problem").filter(has_text="pierre is paused")
    expect(problem).to_contain_text("1 while paused")
    expect(page.get_by_role("region", name="Oldest waiting").first).to_contain_text("held")
    reader.act("Resume", problem)
    expect(problem).to_have_count(0)
    page.get_by_role("link", name="Workers", exact=True).click()
    reader.act("Scale", pierre)
    page.get_by_label("Slots", exact=True).fill("5")
    reader.confirm("Scale")
    expect(pierre).to_contain_text("of 5 slots")
    reader.act("Drain", pierre)
    reader.confirm("Drain")
    expect(pierre.locator("h2 .badge")).to_have_text(re.compile("draining|stopped"))


def is_told_of_all_that_is_blocked_or_broken(desk):
    """Whatever can keep a task from running is first on the overview, the worst at the top."""
    soon, far = "2999-01-01T00:00:00.000Z", "2999-02-01T00:00:00.000Z"
    ill = {
        "crashed": {"daemon": "crashed"}, "gone": {"daemon": "gone"},
        "silent": {"daemon": "silent", "heartbeat_age_seconds": 99},
        "absent": {"daemon": "absent", "queued": 2, "status": None},
        "open": {"circuit_breaker_state": "open", "circuit_open_until": soon, "waiting": {"circuit_open": 4}},
        "probing": {"circuit_breaker_state": "half_open"}, "full": {"problems": {"disk": "no room left"}},
        "poor": {"budget": {"limit_usd": 5, "spent_usd": 5.2}}, "draining": {"status": "draining"},
        "limited": {"usage_limits": {"claude": soon}, "waiting": {"usage_limit": 3}},
        "also": {"usage_limits": {"claude": far}, "waiting": {"usage_limit": 2}},
        "away": {"unattended": ["left-alone"]}, "broken": {"interrupted": ["cut-off"]},
    }

    def answer(route):
        status = route.fetch().json()
        well = {
            **status["workers"][0], "status": "healthy", "daemon": "running", "queued": 0, "running": [],
            "waiting": {}, "dead_letters": 0, "unattended": [], "interrupted": [],
        }
        status["workers"] = [{**well, "worker": name, **signs} for name, signs in ill.items()]
        route.fulfill(json=status)

    reader = desk.reader()
    reader.context.route("**/api/v1/status", answer)
    reader.sign_in(desk.token)
    page = reader.page
    problems = page.locator(".problem")
    expect(problems).to_have_count(12)
    told = " ".join(problems.all_text_contents())
    for words in (
        "crashed has crashed", "gone has gone", "silent is silent", "Nobody serves absent", "2 tasks wait until",
        "The circuit of open is open", "4 for the circuit", "The circuit of probing is half-open", "no room left",
        "money of poor is spent", "draining is draining", "The usage limit of claude", "5 tasks wait for it (limited, also)",
        "away: 1 task runs unattended", "left-alone", "broken: 1 task was cut off", "cut-off",
    ):
        assert words in told, f"{words!r} is not told: {told}"
    levels = [kind.split()[-1] for kind in problems.evaluate_all("all => all.map((one) => one.className)")]
    assert levels == sorted(levels, key=["bad", "warn", "calm"].index), levels
    expect(page.get_by_role("navigation").get_by_role("link", name="Overview")).to_contain_text("12")
    place = "element => element.getBoundingClientRect().top"
    assert problems.first.evaluate(place) < page.locator(".tiles").evaluate(place)


def cannot_do_what_the_token_does_not_allow(desk):
    """A button that may not be used says why, and asks the server for nothing."""
    desk.daemon.submit("seen", "exit 3")
    desk.daemon.wait("seen")
    reader = desk.reader(signed_in="/tasks/seen", scope="read")
    page = reader.page
    button = page.get_by_role("button", name=re.compile("^Run again"))
    expect(button).to_have_attribute("aria-disabled", "true")
    # It can be pressed all the same, so that it can say why.
    button.click(force=True)
    expect(page.get_by_role("status").filter(has_text="scope write")).to_be_visible()
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert not [request for request in reader.requests if request.method == "POST" and "session" not in request.url]
    reader.open("/settings")
    expect(page.locator("main")).to_contain_text("shown to tokens with the scope admin")
    assert not reader.asked("/config")
    reader.open("/submit")
    expect(page.get_by_role("button", name="Submit", exact=True)).to_be_disabled()


def finds_tasks_by_a_filter_that_can_be_linked_to(desk):
    """The filter is in the address, and an address sets the filter."""
    for name in ("find-a", "find-b"):
        desk.daemon.submit(name, "true", group="found")
    desk.daemon.submit("find-c", "exit 3", group="found")
    desk.daemon.wait("find-a", "find-b", "find-c")
    reader = desk.reader(signed_in="/tasks?group=found")
    page = reader.page
    expect(reader.row("find-")).to_have_count(3)
    page.get_by_label("failed", exact=True).check()
    expect(reader.row("find-")).to_have_count(1)
    assert page.url.endswith("#/tasks?state=failed&group=found"), page.url
    page.get_by_role("link", name="Clear").click()
    expect(page.get_by_label("failed", exact=True)).not_to_be_checked()
    page.get_by_label("Id contains").fill("nd-b")
    expect(reader.row("find-b")).to_have_count(1)
    expect(reader.row("find-a")).to_have_count(0)
    page.go_back()
    expect(reader.row("find-a")).to_have_count(1)


TESTS = [
    signs_in_and_out, submits_a_task_and_watches_its_output, is_told_what_is_wrong_with_a_task,
    cancels_a_task_when_sure, retries_and_removes_dead_letters, pauses_scales_and_drains_a_worker,
    is_told_of_all_that_is_blocked_or_broken, cannot_do_what_the_token_does_not_allow, finds_tasks_by_a_filter_that_can_be_linked_to,
]

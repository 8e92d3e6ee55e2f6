// SPDX-License-Identifier: Apache-2.0
// The shell of the page: who is signed in, which view is shown, and when it is brought up to date.

import { isAct, perform, say } from './acts.js';
import { forget, get, me, onSignedOut, Refusal, resume, signOut } from './api.js';
import { h, morph } from './dom.js';
import { help, keys } from './keys.js';
import { Live } from './live.js';
import { tick } from './parts.js';
import { problems } from './problems.js';
import { viewOf } from './routes.js';
import { shell } from './shell.js';
import signIn from './signin.js';
import { line } from './text.js';

/** The shortest time between two looks, and the time after which there is another one without an event. */
const [SHORTEST, LONGEST] = [2000, 6000];
const main = document.getElementById('main');

/** What is shown: the view with its address, its data, and what ends it. */
let current = null;
let timer = null;
let lastLook = 0;
let isLooking = false;
let mustLook = false;
/** Whether something is being asked for or done. */
let isActing = false;

const live = new Live({
    event: () => soon(),
    open: () => {
        shell.connected();
        soon(0);
    },
    lost: (next) => shell.lost(next),
});

/** Looks again in a moment; many events in a row make one look. */
function soon(delay = 250) {
    if (me() === null || document.visibilityState === 'hidden') return;
    if (isLooking) {
        mustLook = true;
        return;
    }
    clearTimeout(timer);
    timer = setTimeout(look, Math.max(delay, lastLook + (delay === 0 ? 0 : SHORTEST) - performance.now()));
}

async function look() {
    const own = current;
    if (!own?.view.fetch) return;
    // Aborted as soon as another view or another filter is asked for.
    const { signal } = own.abort;
    clearTimeout(timer);
    isLooking = true;
    mustLook = false;
    lastLook = performance.now();
    try {
        const [status, data] = await Promise.all([
            get('/status', { signal }),
            own.view.fetch(own.route, signal, own.local),
        ]);
        if (!signal.aborted) show(own, { ...data, status });
    } catch (error) {
        if (!signal.aborted) fail(own, error);
    }
    if (signal.aborted) return;
    isLooking = false;
    // A queue that takes long to look at is looked at more rarely.
    clearTimeout(timer);
    const took = performance.now() - lastLook;
    timer = setTimeout(look, mustLook ? SHORTEST : Math.max(LONGEST, took * 10));
    if (document.visibilityState === 'hidden') clearTimeout(timer);
}

function show(own, data) {
    own.data = data;
    const found = problems(data.status);
    shell.counts({
        problems: found.filter((problem) => problem.level !== 'calm').length,
        letters: data.status.workers.reduce((sum, worker) => sum + worker.dead_letters, 0),
    });
    paint(own);
    shell.asOf();
}

function paint(own) {
    morph(main, h('div', {}, own.view.render(own.data, own.route, own.local)));
    if (!own.isPainted) {
        own.isPainted = true;
        own.view.attach?.(main, own);
        arrive(own);
    }
    own.view.painted?.(main, own);
}

/** After a change of the view, reading goes on at its heading; not when the page was only just opened. */
function arrive(own) {
    const title = own.view.title(own.route);
    document.title = `${title} \u00b7 Vigil`;
    if (own.isFirst) return;
    main.querySelector('h1')?.focus({ preventScroll: true });
}

function fail(own, error) {
    if (error.name === 'AbortError') return;
    if (!(error instanceof Refusal)) console.error(error);
    if (error instanceof Refusal && (error.status === 401 || (error.status === 0 && own.data))) return;
    const text = h('p', { class: 'notice bad', role: 'alert', 'data-key': 'failure' }, line(error.message, 600));
    if (own.data && error.status !== 404) return say(line(error.message, 600), 'bad');
    morph(
        main,
        h('div', {}, h('div', { class: 'heading' }, h('h1', { tabindex: '-1' }, own.view.title(own.route))), text),
    );
    own.isPainted = false;
    arrive(own);
}

/** A view that is about to be shown: `abort` ends its requests, `ended` what it listens to. */
function made(view, route, isFirst) {
    const own = {
        view,
        route,
        isFirst,
        abort: new AbortController(),
        ended: new AbortController(),
        local: view.local?.(route) ?? {},
    };
    own.refresh = () => {
        if (own === current) soon(0);
    };
    own.repaint = () => {
        if (own === current && own.data) paint(own);
    };
    return own;
}

/** Shows the view that the address names. */
function go({ isFirst = false } = {}) {
    const { view, route } =
        me() === null ? { view: signIn, route: { path: '/', query: new URLSearchParams() } } : viewOf(location.hash);
    if (current) {
        current.abort.abort();
        // The same view with another filter stays where it is.
        if (current.view === view && view.keepsPlace && current.route.path === route.path) {
            Object.assign(current, { route, abort: new AbortController() });
            Object.assign(current.local, view.local?.(route));
            isLooking = false;
            current.repaint();
            return soon(0);
        }
        current.ended.abort();
    }
    current = made(view, route, isFirst);
    isLooking = false;
    shell.chosen(view);
    if (!isFirst) scrollTo(0, 0);
    if (view.fetch) {
        main.setAttribute('aria-busy', 'true');
        return look().finally(() => main.removeAttribute('aria-busy'));
    }
    current.data = {};
    main.replaceChildren();
    paint(current);
}

/** Someone has signed in, or is signed in still. */
async function enter(isFirst) {
    shell.signedIn(me());
    live.start();
    await go({ isFirst });
}

/** The session is over; the place is kept for whoever signs in again. */
function leave(reason) {
    if (me() === null && current?.view === signIn) return;
    forget();
    live.stop();
    shell.signedOut();
    go();
    if (reason) current.local.reason = reason;
    current.repaint();
}

async function begin() {
    try {
        await resume();
        await enter(true);
    } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        go({ isFirst: true });
        if (error.status !== 401) {
            current.local.reason = error.message;
            current.repaint();
        }
    }
}

const own = {
    theme: () => shell.nextTheme(),
    help: () => help(),
    'sign-out': async () => {
        await signOut().catch((refusal) => say(refusal.message, 'bad'));
        leave();
    },
    'try-now': () => live.tryNow(),
};

document.addEventListener('click', async (event) => {
    const button = event.target.closest('[data-act]');
    if (!button) return;
    const { act: name, why, ...data } = button.dataset;
    if (why) return say(why, 'warn');
    if (own[name]) return own[name]();
    if (!isAct(name)) return current.view.act?.(name, data, current, perform);
    // Once at a time; a button that is disabled could not have its focus back from the dialog.
    if (isActing) return;
    isActing = true;
    try {
        if (await perform(name, data)) soon(0);
    } finally {
        isActing = false;
    }
});
document.getElementById('skip').addEventListener('click', (event) => {
    event.preventDefault();
    main.focus();
});
addEventListener('hashchange', () => go());
document.addEventListener('visibilitychange', () => {
    clearTimeout(timer);
    soon(0);
});
document.addEventListener('signed-in', () => enter(false));
onSignedOut(() => leave('The session is over: sign in again, and you are back where you were.'));
keys({ main, refresh: () => soon(0) });
shell.begin();
setInterval(() => tick(document), 1000);
begin();

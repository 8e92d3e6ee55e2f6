// SPDX-License-Identifier: Apache-2.0
// The bar at the top: views, connection, colours.

import { h, morph } from './dom.js';
import { views } from './routes.js';
import { duration, timeOfDay } from './text.js';

const byId = (id) => document.getElementById(id);
const [nav, find, banner, linkState, theme, signOut] = ['nav', 'find', 'banner', 'link-state', 'theme', 'sign-out'].map(
    byId,
);

let chosen = null;
let marks = {};
let nextTry = null;
let wasLost = false;

function paintNav() {
    const items = views
        .filter((view) => view.label)
        .map((view) => {
            const mark = marks[view.mark] ?? 0;
            return h(
                'li',
                {},
                h(
                    'a',
                    {
                        href: `#${view.home}`,
                        'aria-current': view === chosen || view.parts?.includes(chosen) ? 'page' : null,
                    },
                    view.label,
                    mark > 0
                        ? h(
                              'span',
                              { class: `mark ${view.mark}` },
                              String(mark),
                              h(
                                  'span',
                                  { class: 'hidden' },
                                  view.mark === 'problems' ? ' that need you' : ' lie there',
                              ),
                          )
                        : null,
                ),
            );
        });
    morph(nav, h('nav', {}, h('ul', {}, items)));
}

const themes = ['auto', 'light', 'dark'];

function themeNow() {
    return document.documentElement.dataset.theme ?? 'auto';
}

function paintTheme() {
    theme.textContent = `${themeNow()[0].toUpperCase()}${themeNow().slice(1)}`;
    theme.setAttribute('aria-label', `Colours: ${themeNow()}`);
    theme.title = 'Colours: as the system, light, or dark';
}

/** The next try is told by the second, but read out once. */
function paintBanner() {
    if (nextTry === null) return;
    const seconds = Math.max(0, (nextTry - Date.now()) / 1000);
    banner.querySelector('.countdown').textContent =
        seconds > 0 ? `Next try in ${duration(Math.ceil(seconds))}.` : 'Trying now.';
}

export const shell = {
    begin() {
        paintTheme();
        setInterval(paintBanner, 500);
    },

    signedIn(caller) {
        for (const part of [nav, find, linkState, signOut]) part.hidden = false;
        signOut.title = `Signed in as ${caller.name}, scope ${caller.scope}`;
        // A socket file lets its owner in; there is nothing to sign out of.
        signOut.hidden = caller.by === 'socket';
        paintNav();
    },

    signedOut() {
        for (const part of [nav, find, linkState, signOut, banner]) part.hidden = true;
        nextTry = null;
        marks = {};
    },

    /** Says which view is shown. */
    chosen(view) {
        chosen = view;
        paintNav();
        nav.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
    },

    /** Numbers beside the views. */
    counts(numbers) {
        marks = numbers;
        paintNav();
    },

    connected() {
        nextTry = null;
        banner.classList.toggle('good', wasLost);
        if (wasLost) {
            banner.replaceChildren('The connection is back; what you see is up to date again.');
            setTimeout(() => {
                if (nextTry === null) banner.hidden = true;
            }, 4000);
        } else {
            banner.hidden = true;
        }
        wasLost = false;
        linkState.className = 'link-state live';
        linkState.replaceChildren('Live');
    },

    lost(next) {
        nextTry = next;
        linkState.className = 'link-state lost';
        linkState.replaceChildren('Offline');
        if (!wasLost || banner.hidden) {
            banner.classList.remove('good');
            banner.replaceChildren(
                h('strong', {}, 'The connection is lost.'),
                ` What you see is from ${linkState.dataset.at ?? 'before'}. `,
                h('span', { class: 'countdown', 'aria-hidden': 'true' }),
                h('button', { type: 'button', class: 'button', 'data-act': 'try-now' }, 'Try now'),
            );
            banner.hidden = false;
        }
        wasLost = true;
        paintBanner();
    },

    /** Notes that what is shown is of now. */
    asOf() {
        linkState.dataset.at = timeOfDay(Date.now());
        linkState.title = `As of ${linkState.dataset.at}`;
    },

    nextTheme() {
        const next = themes[(themes.indexOf(themeNow()) + 1) % themes.length];
        if (next === 'auto') delete document.documentElement.dataset.theme;
        else document.documentElement.dataset.theme = next;
        try {
            localStorage.setItem('vigil-theme', next);
        } catch {
            /* It holds until the page is closed. */
        }
        paintTheme();
    },
};

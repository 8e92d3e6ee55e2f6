// SPDX-License-Identifier: Apache-2.0
// Keys in place of the mouse. Single letters can be turned off, for whoever speaks to the machine.

import { ask } from './acts.js';
import { path } from './api.js';
import { h } from './dom.js';

const STORE = 'vigil-single-keys';

function areOn() {
    try {
        return localStorage.getItem(STORE) !== 'off';
    } catch {
        return true;
    }
}

const shortcuts = [
    ['/', 'Find a task'],
    ['j, k', 'Next and previous row'],
    ['Enter', 'Open the row'],
    ['n', 'Submit a task'],
    ['c', 'Cancel the task shown'],
    ['r', 'Retry the task shown'],
    ['g then o, t, w, d', 'Overview, tasks, workers, dead letters'],
    ['?', 'This list'],
];

/** Shows the keys. */
export async function help() {
    const box = h('input', { type: 'checkbox', name: 'keys' });
    box.checked = areOn();
    box.addEventListener('change', () => {
        try {
            localStorage.setItem(STORE, box.checked ? 'on' : 'off');
        } catch {
            /* It stays as it is. */
        }
    });
    await ask({
        title: 'Keyboard shortcuts',
        body: [
            h(
                'dl',
                { class: 'keys' },
                shortcuts.map(([key, what]) => h('div', {}, h('dt', {}, h('kbd', {}, key)), h('dd', {}, what))),
            ),
            h('label', { class: 'check' }, box, ' Single keys do something'),
        ],
    });
}

/** Moves the focus to the first link of the next row, or of the one before. */
function step(main, by) {
    const rows = [...main.querySelectorAll('tbody tr')].filter((row) => row.querySelector('a'));
    const at = rows.indexOf(document.activeElement?.closest('tr'));
    const next = rows[Math.min(rows.length - 1, Math.max(0, at < 0 ? (by > 0 ? 0 : rows.length - 1) : at + by))];
    const anchor = next?.querySelector('a');
    anchor?.focus();
    anchor?.scrollIntoView({ block: 'nearest' });
}

const places = { o: '#/', t: '#/tasks', w: '#/workers', d: '#/dead-letters' };

/** Listens to keys, and to the box that finds tasks. */
export function keys({ main, refresh }) {
    const find = document.getElementById('find');
    const text = document.getElementById('find-text');
    find.addEventListener('submit', (event) => {
        event.preventDefault();
        location.hash = path('/tasks', { match: text.value.trim() });
        text.blur();
    });
    let waitsForPlace = false;
    const single = {
        '/': () => (main.querySelector('input[type=search]') ?? text).focus(),
        '?': help,
        j: () => step(main, 1),
        k: () => step(main, -1),
        n: () => {
            location.hash = '#/submit';
        },
        c: () => main.querySelector('[aria-keyshortcuts=c]')?.click(),
        r: () => (main.querySelector('[aria-keyshortcuts=r]') ?? { click: refresh }).click(),
        g: () => {
            waitsForPlace = true;
        },
    };
    document.addEventListener('keydown', (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
        if (event.target.closest('input, textarea, select')) {
            // It leaves the field; what was searched for stays.
            if (event.key === 'Escape') {
                event.preventDefault();
                event.target.blur();
            }
            return;
        }
        if (find.hidden || !areOn()) return;
        const place = waitsForPlace ? places[event.key] : null;
        waitsForPlace = false;
        if (place) {
            event.preventDefault();
            location.hash = place;
        } else if (Object.hasOwn(single, event.key)) {
            event.preventDefault();
            single[event.key]();
        }
    });
}

// SPDX-License-Identifier: Apache-2.0
// What all views are made of.

import { may } from './api.js';
import { h, lazy, s } from './dom.js';
import { age, ago, count, line, moment, money, plain } from './text.js';

/** A link to a view of this page. */
export const link = (to, text, attributes = {}) => h('a', { href: `#${to}`, ...attributes }, text);

/** A part of a path. */
export const part = encodeURIComponent;

export const taskLink = (id, attributes = {}) => link(`/tasks/${part(id)}`, plain(id), { class: 'id', ...attributes });

/** The view's heading, perhaps with a mark behind its title, and with what can be done beside it. */
export function heading(title, ...beside) {
    const [text, mark] = [title].flat();
    return h(
        'div',
        { class: 'heading' },
        h('div', { class: 'title' }, h('h1', { tabindex: '-1' }, text), mark ?? null),
        beside.length > 0 ? h('div', { class: 'acts' }, beside) : null,
    );
}

/** A stable word of the system's, which may be broken at its joints. */
export const word = (text) =>
    h(
        'code',
        {},
        String(text)
            .split('_')
            .map((piece, index) => (index ? ['_', h('wbr'), plain(piece)] : plain(piece))),
    );

/** A titled part of a view. */
export function panel(title, attributes, ...children) {
    const { beside, ...rest } = attributes ?? {};
    const id = `panel-${title.toLowerCase().replace(/[^a-z]+/g, '-')}`;
    return h(
        'section',
        { 'data-key': id, 'aria-labelledby': id, ...rest, class: `panel ${rest.class ?? ''}`.trim() },
        h('div', { class: 'panel-head' }, h('h2', { id }, title), beside ? h('div', { class: 'acts' }, beside) : null),
        children,
    );
}

/** What is said where there is nothing to show. */
export const empty = (...text) => h('p', { class: 'empty' }, text);

/** A time that goes on; `as` is `ago`, or `age` for the length alone. */
export const since = (iso, as = 'ago') =>
    iso
        ? h('time', { datetime: iso, title: moment(iso), 'data-as': as }, as === 'age' ? age(iso) : ago(iso))
        : nothing();

/** Writes all times anew. */
export function tick(root) {
    for (const time of root.querySelectorAll('time[data-as]')) {
        const text = time.dataset.as === 'age' ? age(time.dateTime) : ago(time.dateTime);
        if (time.textContent !== text) time.textContent = text;
    }
}

const levels = {
    queued: 'calm',
    waiting: 'warn',
    running: 'busy',
    completed: 'good',
    failed: 'bad',
    cancelled: 'calm',
    refused: 'bad',
};

/** A word with its colour; the word says it all. */
export const badge = (level, word) => h('span', { class: `badge ${level}` }, word);

/** The state of a task. */
export const state = (word) => badge(levels[word] ?? 'calm', word);

/** How a worker is: a level and a word. */
export function health(worker) {
    if (worker.daemon === 'crashed' || worker.daemon === 'gone' || worker.daemon === 'silent')
        return ['bad', worker.daemon];
    if (worker.daemon !== 'running') return ['calm', worker.daemon === 'absent' ? 'no daemon' : worker.daemon];
    if (worker.status === 'degraded') return ['bad', 'degraded'];
    if (worker.circuit_breaker_state === 'open') return ['bad', 'circuit open'];
    if (worker.circuit_breaker_state === 'half_open') return ['warn', 'circuit half-open'];
    if (worker.status === 'paused' || worker.status === 'draining' || worker.status === 'stopped')
        return ['warn', worker.status];
    return ['good', worker.status ?? 'starting'];
}

/** How much of something is taken. */
export function meter(taken, all, label, kind = '') {
    const share = all > 0 ? Math.min(1, taken / all) * 100 : 0;
    return s(
        'svg',
        {
            class: `meter ${kind}`.trim(),
            viewBox: '0 0 100 6',
            preserveAspectRatio: 'none',
            role: 'img',
            'aria-label': `${label}: ${count(taken)} of ${count(all)}`,
        },
        s('rect', { class: 'track', width: 100, height: 6 }),
        s('rect', { class: 'taken', width: share.toFixed(1), height: 6 }),
    );
}

/** What can be done; where the token's scope does not allow it, it says so in place of doing it. */
export function act(label, name, data = {}, { scope = 'write', kind = '', title = null, key = null } = {}) {
    const attributes = { type: 'button', class: `button ${kind}`.trim(), 'data-act': name, title };
    for (const [field, value] of Object.entries(data)) attributes[`data-${field}`] = value;
    if (key) attributes['aria-keyshortcuts'] = key;
    if (may(scope)) return h('button', attributes, label);
    const why = `This needs a token with the scope ${scope}.`;
    return h(
        'button',
        { ...attributes, 'aria-disabled': 'true', 'data-why': why, title: why },
        label,
        h('span', { class: 'hidden' }, ` (not allowed: ${why})`),
    );
}

function tableRow([key, cells, version], kinds) {
    const filled = (all) =>
        all.map((cell, index) =>
            index === 0 ? h('th', { scope: 'row' }, cell) : h('td', { class: kinds[index] }, cell),
        );
    if (version === undefined) return h('tr', { 'data-key': key }, filled(cells));
    return lazy(h('tr', { 'data-key': key }), version, () => filled(cells()));
}

/**
 * A table. A column is its heading, with `#` before one of numbers and `-` before one that a narrow screen leaves out;
 * a row is its key and its cells. With a version behind them the cells are a function, and are made only when the
 * version is another one than what is shown.
 */
export function table(caption, columns, rows, attributes = {}) {
    const kinds = columns.map(
        (column) =>
            [...(column.match(/^[#-]+/)?.[0] ?? '')].map((mark) => (mark === '#' ? 'number' : 'wide')).join(' ') ||
            null,
    );
    const titles = columns.map((column) => column.replace(/^[#-]+/, ''));
    return h(
        'div',
        { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': caption, ...attributes },
        h(
            'table',
            {},
            h('caption', { class: 'hidden' }, caption),
            h(
                'thead',
                {},
                h(
                    'tr',
                    {},
                    titles.map((title, index) => h('th', { scope: 'col', class: kinds[index] }, title)),
                ),
            ),
            h(
                'tbody',
                {},
                rows.map((row) => tableRow(row, kinds)),
            ),
        ),
    );
}

/** What only a narrow screen shows, below the first cell. */
export const narrow = (...children) => h('span', { class: 'narrow' }, children);

/** What is not known, or does not apply. */
export const nothing = () => h('span', { class: 'muted' }, '\u2013');

/** An amount that may be unknown, which is not nothing. */
export const cost = (amount) => ((amount ?? null) === null ? nothing() : money(amount));

/** Names and values. */
export const facts = (pairs) =>
    h(
        'dl',
        { class: 'facts' },
        pairs
            .filter((pair) => pair && pair[1] !== null && pair[1] !== undefined)
            .map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
    );

/** A foreign text of many lines. */
export const block = (text, label) =>
    h('pre', { class: 'block', tabindex: '0', role: 'group', 'aria-label': label }, plain(text));

/** A line that a shell takes, with a button that copies it. */
export const command = (text) =>
    h(
        'span',
        { class: 'command' },
        h('code', {}, line(text)),
        h(
            'button',
            {
                type: 'button',
                class: 'quiet',
                'data-act': 'copy',
                'data-text': text,
                'aria-label': `Copy: ${line(text)}`,
            },
            'Copy',
        ),
    );

/** A choice of few. */
export const select = (name, label, options, chosen) =>
    h(
        'label',
        { class: 'field' },
        h('span', {}, label),
        h(
            'select',
            { name },
            options.map(([value, text]) => h('option', { value, selected: value === (chosen ?? '') }, text)),
        ),
    );

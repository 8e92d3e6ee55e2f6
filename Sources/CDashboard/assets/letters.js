// SPDX-License-Identifier: Apache-2.0
// The dead letters: what was given up, and why; retried or removed one by one or several at once.

import { get, path } from './api.js';
import { h } from './dom.js';
import { act, badge, empty, heading, link, narrow, part, select, since, table } from './parts.js';
import { count, line, plain } from './text.js';

const reasons = [
    'max_retries_exceeded',
    'permanent_failure',
    'dependency_failed',
    'dependency_cycle',
    'expired',
    'invalid_json',
    'invalid_task',
    'too_large',
    'worker_mismatch',
    'unsafe_file',
    'duplicate_task_id',
];
const MOST = 500;

const filterOf = (route) => Object.fromEntries(['worker', 'reason'].map((name) => [name, route.query.get(name) ?? '']));
const keyOf = (letter) => `${letter.worker}/${letter.file}`;
const nameOf = (letter) => letter.task_id ?? letter.file;
const dataOf = (letter) => ({ worker: letter.worker, file: letter.file, name: nameOf(letter) });

function bulk(chosen) {
    const note = chosen.length > 0 ? `${count(chosen.length)} chosen` : 'Choose some to retry or remove them together.';
    return h(
        'div',
        { class: 'bulk', 'data-key': 'bulk' },
        h('span', { class: 'muted', role: 'status' }, note),
        chosen.length > 0
            ? [
                  act(`Retry ${chosen.length}`, 'chosen', { deed: 'retry-letters' }),
                  act(`Remove ${chosen.length}`, 'chosen', { deed: 'remove-letters' }, { kind: 'danger' }),
              ]
            : null,
    );
}

function row(letter, chosen) {
    const data = dataOf(letter);
    const key = keyOf(letter);
    return [
        key,
        [
            h(
                'div',
                { class: 'pick' },
                h('input', {
                    type: 'checkbox',
                    value: key,
                    checked: chosen.has(key),
                    'aria-label': `Choose ${line(nameOf(letter), 60)}`,
                }),
                h(
                    'div',
                    {},
                    link(`/dead-letters/${part(letter.worker)}/${part(letter.file)}`, plain(nameOf(letter)), {
                        class: 'id',
                    }),
                    narrow(letter.worker, ' \u00b7 ', since(letter.timestamp)),
                ),
            ),
            letter.worker,
            h(
                'span',
                {},
                badge('bad', letter.reason),
                ' ',
                h('span', { class: 'muted' }, line(letter.error ?? '', 120)),
            ),
            String(letter.retry_count),
            since(letter.timestamp),
            h(
                'div',
                { class: 'acts' },
                act('Retry', 'retry-letter', data),
                act('Remove', 'remove-letter', data, { kind: 'danger' }),
            ),
        ],
    ];
}

export default {
    title: () => 'Dead letters',
    keepsPlace: true,
    local: () => ({ chosen: new Set() }),

    async fetch(route, signal) {
        const page = await get(path('/dead-letters', { ...filterOf(route), limit: MOST }), { signal });
        return { letters: page.dead_letters, total: page.total };
    },

    render({ letters, total, status }, route, local) {
        const filter = filterOf(route);
        const there = new Set(letters.map(keyOf));
        for (const key of local.chosen) if (!there.has(key)) local.chosen.delete(key);
        local.letters = letters;
        const chosen = letters.filter((letter) => local.chosen.has(keyOf(letter)));
        const rows = letters.map((letter) => row(letter, local.chosen));
        return [
            heading(['Dead letters', h('span', { class: 'muted' }, count(total))]),
            h(
                'form',
                { class: 'filters', 'aria-label': 'Filter', 'data-key': 'filters' },
                select(
                    'worker',
                    'Worker',
                    [['', 'all'], ...status.workers.map(({ worker }) => [worker, worker])],
                    filter.worker,
                ),
                select('reason', 'Reason', [['', 'all'], ...reasons.map((word) => [word, word])], filter.reason),
                rows.length > 1
                    ? h(
                          'button',
                          { type: 'button', class: 'button', 'data-act': 'all' },
                          chosen.length === letters.length ? 'Choose none' : `Choose all ${letters.length}`,
                      )
                    : null,
            ),
            rows.length > 0 ? bulk(chosen) : null,
            rows.length > 0
                ? table('Dead letters, oldest first', ['Task', '-Worker', 'Why', '-#Retries', '-#When', '-#Do'], rows, {
                      'data-key': 'rows',
                  })
                : empty(filter.worker || filter.reason ? 'No dead letter fits the filter.' : 'Nothing was given up.'),
            total > letters.length
                ? h('p', { class: 'muted' }, `The oldest ${count(letters.length)} of ${count(total)} are shown.`)
                : null,
        ];
    },

    attach(main, own) {
        main.addEventListener(
            'change',
            (event) => {
                const { target } = event;
                if (target.type === 'checkbox') {
                    if (target.checked) own.local.chosen.add(target.value);
                    else own.local.chosen.delete(target.value);
                    own.repaint();
                } else if (target.closest('form.filters')) {
                    const read = new FormData(target.form);
                    location.hash = path('/dead-letters', { worker: read.get('worker'), reason: read.get('reason') });
                }
            },
            { signal: own.ended.signal },
        );
    },

    async act(name, data, own, perform) {
        const { chosen, letters } = own.local;
        if (name === 'all') {
            const isAll = letters.every((letter) => chosen.has(keyOf(letter)));
            for (const letter of letters)
                if (isAll) chosen.delete(keyOf(letter));
                else chosen.add(keyOf(letter));
            return own.repaint();
        }
        const items = letters.filter((letter) => chosen.has(keyOf(letter))).map(dataOf);
        if (await perform(data.deed, { items })) own.refresh();
    },
};

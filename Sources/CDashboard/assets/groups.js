// SPDX-License-Identifier: Apache-2.0
// Groups of tasks: how far each is.

import { get, path } from './api.js';
import { h, s } from './dom.js';
import { badge, cost, empty, heading, link, table } from './parts.js';
import { count, plain } from './text.js';

const PAGE = 100;
const kinds = ['completed', 'failed', 'cancelled'];

function progress(group) {
    let from = 0;
    const bars = kinds
        .filter((kind) => group[kind] > 0)
        .map((kind) => {
            const width = (group[kind] / group.tasks) * 100;
            const bar = s('rect', { class: kind, x: from.toFixed(2), width: width.toFixed(2), height: 6 });
            from += width;
            return bar;
        });
    return s(
        'svg',
        {
            class: 'meter long',
            viewBox: '0 0 100 6',
            preserveAspectRatio: 'none',
            role: 'img',
            'aria-label': `${group.tasks - group.open} of ${group.tasks} ended`,
        },
        s('rect', { class: 'track', width: 100, height: 6 }),
        bars,
    );
}

const row = (group) => [
    group.group,
    [
        link(path('/tasks', { group: group.group }), plain(group.group), { class: 'id' }),
        h('span', { class: 'slots' }, `${count(group.tasks - group.open)}/${count(group.tasks)}`, progress(group)),
        count(group.open),
        count(group.completed),
        count(group.failed),
        count(group.cancelled),
        cost(group.cost_usd),
        group.is_complete ? badge(group.failed > 0 ? 'bad' : 'good', 'complete') : badge('busy', 'open'),
    ],
];

export default {
    title: () => 'Groups',
    keepsPlace: true,
    local: () => ({ after: null }),
    fetch: (route, signal, { after }) => get(path('/groups', { limit: PAGE, after }), { signal }),
    render(data, route, local) {
        local.next = data.next_after;
        const rows = data.groups.map(row);
        return [
            heading('Groups'),
            rows.length > 0
                ? table(
                      'Groups',
                      ['Group', 'Ended', '-#Open', '-#Completed', '#Failed', '-#Cancelled', '-#Cost', 'State'],
                      rows,
                  )
                : empty('No task names a group. Submit some with ', h('code', {}, '--group NAME'), '.'),
            h(
                'div',
                { class: 'pages' },
                local.after
                    ? h('button', { type: 'button', class: 'button', 'data-act': 'first' }, 'Back to the first')
                    : null,
                data.next_after
                    ? h('button', { type: 'button', class: 'button', 'data-act': 'next' }, 'Next page')
                    : null,
            ),
        ];
    },
    act(name, data, own) {
        own.local.after = name === 'next' ? own.local.next : null;
        own.refresh();
    },
};

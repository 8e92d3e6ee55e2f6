// SPDX-License-Identifier: Apache-2.0
// How many tasks ended, and how long they took, over an hour to a month.

import { get, path } from './api.js';
import { latency, throughput } from './charts.js';
import { h } from './dom.js';
import { heading, link, panel, select, since, table } from './parts.js';
import { count, duration } from './text.js';

const ranges = {
    '1h': ['Hour', 60, 60],
    '24h': ['Day', 1800, 48],
    '7d': ['Week', 10_800, 56],
    '30d': ['30 days', 43_200, 60],
};

const rangeOf = (route) => (Object.hasOwn(ranges, route.query.get('range') ?? '') ? route.query.get('range') : '24h');
const workerOf = (route) => route.query.get('worker') ?? '';

function numbers(line) {
    const spread = (value) => (value ? `${duration(value.median)} / ${duration(value.p95)}` : '\u2013');
    const rows = line.steps
        .filter((step) => step.completed + step.failed + step.cancelled > 0)
        .reverse()
        .map((step) => [
            step.from,
            [
                new Date(step.from).toLocaleString('en-GB', { dateStyle: 'short', timeStyle: 'short' }),
                count(step.completed),
                count(step.failed),
                count(step.cancelled),
                spread(step.run_seconds),
                spread(step.total_seconds),
            ],
        ]);
    return h(
        'details',
        { 'data-key': 'numbers' },
        h('summary', {}, 'The same as a table'),
        table(
            'Tasks ended by time',
            ['From', '#Completed', '#Failed', '#Cancelled', '#Ran (median / 95 %)', '#In all (median / 95 %)'],
            rows,
        ),
    );
}

export default {
    title: () => 'History',
    keepsPlace: true,

    async fetch(route, signal) {
        const [, step, steps] = ranges[rangeOf(route)];
        return { line: await get(path('/stats/timeline', { step, steps, worker: workerOf(route) }), { signal }) };
    },

    render({ line, status }, route) {
        const [range, worker] = [rangeOf(route), workerOf(route)];
        const choices = Object.entries(ranges).map(([name, [label]]) =>
            link(path('/history', { range: name, worker }), label, {
                class: 'tab',
                'aria-current': name === range ? 'true' : null,
            }),
        );
        return [
            heading('History'),
            h(
                'form',
                { class: 'filters', 'aria-label': 'Filter', 'data-key': 'filters' },
                h('div', { class: 'tabs', role: 'group', 'aria-label': 'Range' }, choices),
                select(
                    'worker',
                    'Worker',
                    [['', 'all'], ...status.workers.map(({ worker: name }) => [name, name])],
                    worker,
                ),
            ),
            line.left_out_before
                ? h(
                      'p',
                      { class: 'notice' },
                      'There are more ended tasks than are looked at; those before ',
                      since(line.left_out_before),
                      ' are left out.',
                  )
                : null,
            panel('Throughput', {}, throughput(line)),
            h(
                'div',
                { class: 'columns' },
                panel('Run time', {}, latency(line, 'run_seconds', 'How long the last attempt ran')),
                panel('Time in all', {}, latency(line, 'total_seconds', 'From submission to end')),
            ),
            numbers(line),
        ];
    },

    attach(main, own) {
        main.addEventListener(
            'change',
            (event) => {
                location.hash = path('/history', { range: rangeOf(own.route), worker: event.target.value });
            },
            { signal: own.ended.signal },
        );
    },
};

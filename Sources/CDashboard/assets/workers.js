// SPDX-License-Identifier: Apache-2.0
// The workers: how each is, what it runs, and what can be asked of it.

import { h } from './dom.js';
import { act, badge, command, empty, facts, heading, health, link, meter, part, since, taskLink } from './parts.js';
import { count, duration, line, money, waiting } from './text.js';

function orders(worker) {
    const data = { worker: worker.worker };
    if (worker.daemon !== 'running' && worker.daemon !== 'silent') return [command(`vigil worker ${worker.worker}`)];
    return [
        worker.status === 'paused' ? act('Resume', 'resume', data) : act('Pause', 'pause', data),
        act('Scale', 'scale', { ...data, slots: worker.max_concurrent ?? 1 }, { scope: 'admin' }),
        act('Drain', 'drain', data, { scope: 'admin', kind: 'danger' }),
    ];
}

function running(worker) {
    if (worker.running.length === 0) return h('p', { class: 'muted' }, 'Nothing runs.');
    return h(
        'ul',
        { class: 'ids' },
        worker.running
            .slice(0, 20)
            .map((id) =>
                h('li', {}, taskLink(id), worker.unattended.includes(id) ? badge('warn', 'unattended') : null),
            ),
        worker.running.length > 20
            ? h(
                  'li',
                  {},
                  link(`/tasks?state=running&worker=${part(worker.worker)}`, `and ${worker.running.length - 20} more`),
              )
            : null,
    );
}

const beatAt = (worker, status) =>
    new Date(Date.parse(status.timestamp) - worker.heartbeat_age_seconds * 1000).toISOString();

function card(worker, status) {
    const [level, word] = health(worker);
    const slots = worker.max_concurrent ?? 0;
    const stats = worker.stats ?? {};
    const id = `worker-${worker.worker}`;
    return h(
        'section',
        { class: 'panel worker', 'data-key': worker.worker, 'aria-labelledby': id },
        h(
            'div',
            { class: 'panel-head' },
            h('h2', { id }, worker.worker, ' ', badge(level, word)),
            h('div', { class: 'acts' }, orders(worker)),
        ),
        h(
            'div',
            { class: 'slots large' },
            h(
                'span',
                {},
                slots ? `${worker.running.length} of ${slots} slots` : `${count(worker.running.length)} running`,
            ),
            slots ? meter(worker.running.length, slots, 'Slots taken') : null,
        ),
        running(worker),
        Object.entries(worker.problems ?? {}).map(([what, message]) =>
            h('p', { class: 'notice bad' }, h('strong', {}, line(what)), ': ', line(message, 400)),
        ),
        facts([
            ['Queued', link(`/tasks?worker=${part(worker.worker)}&state=queued&state=waiting`, count(worker.queued))],
            ['Held back', waiting(worker.waiting) || 'none'],
            [
                'Circuit',
                worker.circuit_breaker_state
                    ? [
                          worker.circuit_breaker_state.replace('_', '-'),
                          worker.circuit_open_until ? [', tries ', since(worker.circuit_open_until)] : null,
                      ]
                    : null,
            ],
            [
                'Dead letters',
                worker.dead_letters > 0
                    ? link(`/dead-letters?worker=${part(worker.worker)}`, count(worker.dead_letters))
                    : '0',
            ],
            [
                'Processed',
                worker.stats
                    ? `${count(stats.tasks_processed)}, ${count(stats.tasks_failed)} failed, ${count(stats.tasks_retried)} retried`
                    : null,
            ],
            ['Cost since its start', worker.cost_usd === undefined ? null : money(worker.cost_usd)],
            ['Cost today', worker.today ? money(worker.today.cost_usd) : null],
            [
                'Budget',
                worker.budget
                    ? [
                          `${money(worker.budget.spent_usd)} of ${money(worker.budget.limit_usd)} today`,
                          meter(worker.budget.spent_usd * 100, worker.budget.limit_usd * 100, 'Cents of the day spent'),
                      ]
                    : null,
            ],
            [
                'Usage limits',
                worker.usage_limits
                    ? Object.entries(worker.usage_limits).map(([account, until]) =>
                          h('div', {}, `${account}, until `, since(until)),
                      )
                    : null,
            ],
            ['Heartbeat', worker.heartbeat_age_seconds === undefined ? null : since(beatAt(worker, status))],
            [
                'Up',
                worker.uptime_seconds === undefined || worker.daemon !== 'running'
                    ? null
                    : duration(worker.uptime_seconds),
            ],
            ['Process', worker.pid === undefined ? null : `${worker.pid} on ${line(worker.host ?? 'this machine')}`],
            ['Version', worker.version === undefined ? null : line(worker.version)],
        ]),
    );
}

export default {
    title: () => 'Workers',
    fetch: async () => ({}),
    render: ({ status }) => [
        heading([
            'Workers',
            h('span', { class: 'muted' }, `${status.workers_running} of ${status.workers.length} running`),
        ]),
        status.workers.length > 0
            ? h(
                  'div',
                  { class: 'cards' },
                  status.workers.map((worker) => card(worker, status)),
              )
            : empty('There is no worker yet. Make one: ', command('vigil setup --workers marie')),
    ],
};

// SPDX-License-Identifier: Apache-2.0
// Everything on one page, and what is blocked or broken first.

import { get, path } from './api.js';
import { throughput } from './charts.js';
import { h } from './dom.js';
import {
    act,
    badge,
    command,
    empty,
    heading,
    health,
    link,
    meter,
    narrow,
    nothing,
    panel,
    part,
    since,
    state,
    table,
    taskLink,
    word,
} from './parts.js';
import { problems } from './problems.js';
import { count, counted, duration, line, money, reason, waiting } from './text.js';

const sum = (workers, value) => workers.reduce((total, worker) => total + (value(worker) ?? 0), 0);

function problem(found) {
    const waits = waiting(found.waiting);
    return h(
        'li',
        { class: `problem ${found.level}`, 'data-key': found.key },
        h(
            'div',
            {},
            h(
                'h3',
                {},
                found.title,
                found.until ? h('span', { class: 'muted' }, ' \u00b7 tries again ', since(found.until)) : null,
            ),
            h(
                'p',
                {},
                found.text,
                found.tasks
                    ? [' ', found.tasks.slice(0, 5).map((id, index) => [index ? ', ' : '', taskLink(id)])]
                    : null,
            ),
            waits ? h('p', { class: 'muted' }, `Waiting: ${waits}`) : null,
        ),
        h(
            'div',
            { class: 'acts' },
            found.act === 'resume' ? act('Resume', 'resume', { worker: found.worker }) : null,
            found.command ? command(found.command) : null,
            found.to ? link(found.to[0], found.to[1], { class: 'button' }) : null,
        ),
    );
}

function attention(status) {
    const found = problems(status);
    const body =
        found.length > 0
            ? h('ul', { class: 'problems' }, found.map(problem))
            : h(
                  'p',
                  { class: 'fine' },
                  badge('good', 'all clear'),
                  ' Nothing is blocked, and nobody has to do anything.',
              );
    return panel('Blocked or broken', { class: 'first' }, body);
}

const tile = (name, value, note, to) =>
    h(
        'li',
        {},
        h(
            'a',
            { href: `#${to}` },
            h('span', { class: 'tile-name' }, name),
            h('span', { class: 'tile-value' }, value),
            h('span', { class: 'tile-note' }, note),
        ),
    );

function tiles({ status, line: ends }) {
    const { workers } = status;
    const total = (kind) => ends.steps.reduce((number, step) => number + step[kind], 0);
    const days = workers.map((worker) => worker.today?.cost_usd ?? null).filter((amount) => amount !== null);
    const [running, slots] = [
        sum(workers, (worker) => worker.running.length),
        sum(workers, (worker) => (worker.daemon === 'running' ? worker.max_concurrent : 0)),
    ];
    const held = sum(workers, (worker) => Object.values(worker.waiting).reduce((number, value) => number + value, 0));
    const queued = sum(workers, (worker) => worker.queued + (worker.waiting.retry ?? 0));
    return h(
        'ul',
        { class: 'tiles', 'aria-label': 'In numbers' },
        tile('Running', count(running), `of ${counted(slots, 'slot')}`, '/tasks?state=running'),
        tile(
            'Queued',
            count(queued),
            held > 0 ? `${count(held)} held back` : 'none held back',
            '/tasks?state=queued&state=waiting',
        ),
        tile('Completed', count(total('completed')), 'in 24 hours', '/tasks?state=completed'),
        tile('Failed', count(total('failed')), 'in 24 hours', '/tasks?state=failed'),
        tile('Workers', `${count(status.workers_running)}`, `of ${count(workers.length)} running`, '/workers'),
        days.length > 0 ? tile('Cost', money(days.reduce((all, one) => all + one, 0)), 'today, UTC', '/workers') : null,
    );
}

function oldest({ oldest: waits }) {
    const rows = waits.workers.map((wait) => [
        wait.worker,
        [
            [taskLink(wait.task_id), narrow(wait.worker, ' \u00b7 ', since(wait.submitted_at, 'age'))],
            wait.worker,
            since(wait.submitted_at, 'age'),
            wait.waiting_for.length > 0
                ? wait.waiting_for.map((why) => h('div', { class: 'why' }, reason(why)))
                : h('span', { class: 'muted' }, 'is about to start'),
        ],
    ]);
    const note = waits.is_complete
        ? null
        : h('p', { class: 'muted' }, 'Of very many open tasks only the 500 oldest were looked at.');
    return panel(
        'Oldest waiting',
        {},
        rows.length > 0
            ? table('Oldest waiting task of each worker', ['Task', '-Worker', '-#Waits', 'Why'], rows)
            : empty('No task waits.'),
        note,
    );
}

function queues({ status, oldest: waits }) {
    const first = new Map(waits.workers.map((wait) => [wait.worker, wait.submitted_at]));
    const rows = status.workers.map((worker) => {
        const [level, word] = health(worker);
        const slots = worker.max_concurrent ?? 0;
        return [
            worker.worker,
            [
                [
                    link(`/tasks?worker=${part(worker.worker)}`, worker.worker),
                    first.has(worker.worker) ? narrow('oldest ', since(first.get(worker.worker), 'age')) : null,
                ],
                count(worker.queued),
                first.has(worker.worker) ? since(first.get(worker.worker), 'age') : nothing(),
                h(
                    'span',
                    { class: 'slots' },
                    `${worker.running.length}/${slots || '?'}`,
                    meter(worker.running.length, slots, 'Slots taken'),
                ),
                waiting(worker.waiting) || nothing(),
                worker.dead_letters > 0
                    ? link(`/dead-letters?worker=${part(worker.worker)}`, count(worker.dead_letters))
                    : '0',
                badge(level, word),
            ],
        ];
    });
    if (rows.length === 0)
        return panel('Queues', {}, empty('There is no worker yet. Make one: ', command('vigil setup --workers marie')));
    return panel(
        'Queues',
        {},
        table('Queues', ['Queue', '#Queued', '-#Oldest', 'Running', '-Held back', '-#Dead', 'Worker'], rows),
    );
}

function failures({ status }) {
    const rows = status.failures.map((failure) => [
        `${failure.kind}-${failure.worker}-${failure.name}-${failure.timestamp}`,
        [
            [taskLink(failure.name), narrow(failure.worker, ' \u00b7 ', since(failure.timestamp))],
            failure.worker,
            badge(failure.kind === 'retry' ? 'warn' : 'bad', failure.kind === 'retry' ? 'tried again' : 'given up'),
            h('span', {}, word(failure.reason), ' ', line(failure.message, 160)),
            since(failure.timestamp),
        ],
    ]);
    return panel(
        'Failed lately',
        {},
        rows.length > 0
            ? table('Failed lately', ['Task', '-Worker', 'Became', 'Why', '-#When'], rows)
            : empty('Nothing has failed lately.'),
    );
}

function endings({ status }) {
    const rows = status.ended.map((task) => [
        `${task.worker}-${task.task_id}`,
        [
            [taskLink(task.task_id), narrow(task.worker, ' \u00b7 ', since(task.since))],
            task.worker,
            state(task.state),
            task.duration_seconds === null ? nothing() : duration(task.duration_seconds),
            since(task.since),
        ],
    ]);
    return panel(
        'Ended lately',
        {},
        rows.length > 0
            ? table('Ended lately', ['Task', '-Worker', 'State', '#Ran', '-#When'], rows)
            : empty('No task has ended yet. Submit one: ', command('vigil submit marie "Say hello"')),
    );
}

/** The chart changes slowly, and is asked for that often. */
let kept = { at: -Infinity, line: null };

export default {
    title: () => 'Overview',

    async fetch(route, signal) {
        if (performance.now() - kept.at > 10_000) {
            kept = {
                at: performance.now(),
                line: await get(path('/stats/timeline', { step: 1800, steps: 48 }), { signal }),
            };
        }
        return { line: kept.line, oldest: await get('/stats/waiting', { signal }) };
    },

    render: (data) => [
        heading('Overview', h('span', { class: 'muted' }, h('code', {}, data.status.root))),
        attention(data.status),
        tiles(data),
        h(
            'div',
            { class: 'columns' },
            h('div', {}, queues(data), oldest(data)),
            h(
                'div',
                {},
                panel('Last 24 hours', { beside: link('/history', 'More') }, throughput(data.line)),
                failures(data),
                endings(data),
            ),
        ),
    ],
};

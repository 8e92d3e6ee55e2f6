// SPDX-License-Identifier: Apache-2.0
// The attempts of a task.

import { h, s } from './dom.js';
import { badge, cost, empty, nothing, panel, since, table } from './parts.js';
import { counted, duration, line, now } from './text.js';

/** The time of the task as one bar: each attempt, and the waits between them. */
function timeline(task) {
    const end = task.result ? Date.parse(task.result.timestamp) : now();
    const start = Date.parse(task.queued_at ?? task.attempts[0]?.started_at ?? '');
    if (!start || end <= start) return null;
    const place = (time) => Math.max(0, Math.min(1000, ((time - start) / (end - start)) * 1000));
    const bars = task.attempts
        .filter((attempt) => attempt.started_at)
        .map((attempt) => {
            const from = place(Date.parse(attempt.started_at));
            const to = place(attempt.finished_at ? Date.parse(attempt.finished_at) : end);
            const kind = attempt.running ? 'busy' : attempt.reason ? 'bad' : attempt.exit_code === 0 ? 'good' : 'calm';
            return s(
                'rect',
                {
                    class: `span ${kind}`,
                    x: from.toFixed(1),
                    width: Math.max(4, to - from).toFixed(1),
                    y: 0,
                    height: 20,
                },
                s(
                    'title',
                    {},
                    `Attempt ${attempt.number}: ${duration(Math.max(0, (((to - from) / 1000) * (end - start)) / 1000))}`,
                ),
            );
        });
    const said = `${counted(task.attempts.length, 'attempt')} within ${duration((end - start) / 1000)}`;
    return h(
        'div',
        { class: 'timeline' },
        s(
            'svg',
            { viewBox: '0 0 1000 20', preserveAspectRatio: 'none', role: 'img', 'aria-label': said },
            s('rect', { class: 'span wait', x: 0, y: 8, width: 1000, height: 4 }),
            bars,
        ),
        h(
            'div',
            { class: 'timeline-ends' },
            h('span', {}, 'queued ', since(new Date(start).toISOString())),
            h('span', {}, task.result ? ['ended ', since(task.result.timestamp)] : 'now'),
        ),
    );
}

/** The attempts of a task, on a line of time and as a table. */
export function attempts(task) {
    if (task.attempts.length === 0) return panel('Attempts', {}, empty('None yet.'));
    const rows = task.attempts.map((attempt) => [
        String(attempt.number),
        [
            String(attempt.number),
            since(attempt.started_at),
            attempt.running ? since(attempt.started_at, 'age') : duration(attempt.duration_seconds),
            attempt.running
                ? badge('busy', 'running')
                : attempt.reason
                  ? badge('bad', attempt.reason)
                  : badge('good', 'succeeded'),
            attempt.exit_code === null ? nothing() : String(attempt.exit_code),
            cost(attempt.cost_usd ?? attempt.live_cost_usd),
            line(attempt.message ?? '', 400),
        ],
    ]);
    return panel(
        'Attempts',
        {},
        timeline(task),
        table('Attempts', ['Attempt', 'Started', '#Took', 'Outcome', '-#Exit code', '-#Cost', 'What happened'], rows),
    );
}

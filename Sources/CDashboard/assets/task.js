// SPDX-License-Identifier: Apache-2.0
// One task: where it is and why, its attempts, its output, and what it cost.

import { get } from './api.js';
import { h, s } from './dom.js';
import { Output } from './output.js';
import { act, badge, block, command, empty, facts, heading, link, panel, part, since, state, table, taskLink } from './parts.js';
import { counted, duration, line, money, moment, now, plain, reason } from './text.js';

const isOver = (task) => ['completed', 'failed', 'cancelled', 'refused'].includes(task.state);

function buttons(task) {
    const id = task.task_id;
    if (!isOver(task)) return [act('Cancel', 'cancel-task', { id }, { kind: 'danger', key: 'c' })];
    if (task.state === 'refused') return [];
    return [act('Run again', 'retry-task', { id }, { kind: 'primary', key: 'r' })];
}

function verdict(why) {
    return h(
        'section',
        { class: 'verdict', 'aria-label': 'Why' },
        h('p', { class: 'sentence' }, line(why.sentence, 600)),
        why.chain.length > 0 ? h('ul', { class: 'chain' }, why.chain.map((step) => h('li', { class: `depth-${Math.min(step.depth, 6)}` }, taskLink(step.task_id), ' ', step.state ? state(step.state) : null, ' ', h('span', { class: 'muted' }, line(step.text))))) : null,
        why.remedies.length > 0 ? h('ul', { class: 'remedies' }, why.remedies.map((text) => h('li', {}, line(text, 400)))) : null,
    );
}

/** The time of the task as one bar: each attempt, and the waits between them. */
function timeline(task) {
    const end = task.result ? Date.parse(task.result.timestamp) : now();
    const start = Date.parse(task.queued_at ?? task.attempts[0]?.started_at ?? '');
    if (!start || end <= start) return null;
    const place = (time) => Math.max(0, Math.min(1000, (time - start) / (end - start) * 1000));
    const bars = task.attempts.filter((attempt) => attempt.started_at).map((attempt) => {
        const from = place(Date.parse(attempt.started_at));
        const to = place(attempt.finished_at ? Date.parse(attempt.finished_at) : end);
        const kind = attempt.running ? 'busy' : attempt.reason ? 'bad' : attempt.exit_code === 0 ? 'good' : 'calm';
        return s('rect', { class: `span ${kind}`, x: from.toFixed(1), width: Math.max(4, to - from).toFixed(1), y: 0, height: 20 }, s('title', {}, `Attempt ${attempt.number}: ${duration(Math.max(0, (to - from) / 1000 * (end - start) / 1000))}`));
    });
    const said = `${counted(task.attempts.length, 'attempt')} within ${duration((end - start) / 1000)}`;
    return h(
        'div',
        { class: 'timeline' },
        s('svg', { viewBox: '0 0 1000 20', preserveAspectRatio: 'none', role: 'img', 'aria-label': said }, s('rect', { class: 'span wait', x: 0, y: 8, width: 1000, height: 4 }), bars),
        h('div', { class: 'timeline-ends' }, h('span', {}, 'queued ', since(new Date(start).toISOString())), h('span', {}, task.result ? ['ended ', since(task.result.timestamp)] : 'now')),
    );
}

function attempts(task) {
    if (task.attempts.length === 0) return panel('Attempts', {}, empty('None yet.'));
    const rows = task.attempts.map((attempt) => [String(attempt.number), [
        String(attempt.number),
        since(attempt.started_at),
        attempt.running ? since(attempt.started_at, 'age') : duration(attempt.duration_seconds),
        attempt.running ? badge('busy', 'running') : attempt.reason ? badge('bad', attempt.reason) : badge('good', 'succeeded'),
        attempt.exit_code === null ? h('span', { class: 'muted' }, '\u2013') : String(attempt.exit_code),
        attempt.cost_usd === undefined ? h('span', { class: 'muted' }, '\u2013') : money(attempt.cost_usd),
        line(attempt.message ?? '', 400),
    ]]);
    return panel('Attempts', {}, timeline(task), table('Attempts', ['#Attempt', 'Started', '#Took', 'Outcome', '-#Exit code', '-#Cost', 'What happened'], rows));
}

function cost(task) {
    const known = task.attempts.filter((attempt) => attempt.cost_usd !== undefined);
    if (known.length > 0) return money(known.reduce((sum, attempt) => sum + attempt.cost_usd, 0));
    return task.result?.agent?.cost_usd === undefined ? null : money(task.result.agent.cost_usd);
}

const shownFields = new Set(['task_id', 'worker', 'description', 'group', 'priority', 'created_at']);

function about(task) {
    const fields = task.task ?? {};
    const agent = task.result?.agent ?? {};
    const limit = fields.max_cost_usd === undefined ? '' : ` of at most ${money(fields.max_cost_usd)}`;
    const spent = cost(task);
    const rest = Object.entries(fields).filter(([name]) => !shownFields.has(name));
    return panel(
        'About',
        {},
        facts([
            ['Worker', link(`/tasks?worker=${part(task.worker)}`, task.worker)],
            ['Queued', task.queued_at ? since(task.queued_at) : null],
            ['Group', fields.group ? link(`/tasks?group=${part(fields.group)}`, line(fields.group)) : null],
            ['Priority', fields.priority === undefined ? null : line(fields.priority)],
            ['Attempts', task.max_attempts === null ? String(task.attempts.length) : `${task.attempts.length} of at most ${task.max_attempts}`],
            ['Cost', spent === null && !limit ? null : `${spent ?? 'not known'}${limit}`],
            ['Agent', agent.name ? line([agent.name, agent.model].filter(Boolean).join(', ')) : null],
            ['Turns', agent.turns === undefined ? null : String(agent.turns)],
            ['Session', agent.session_id ? h('code', {}, line(agent.session_id)) : null],
            ['Waited', task.result?.queue_seconds === undefined ? null : duration(task.result.queue_seconds)],
            ...rest.map(([name, value]) => [name, h('code', {}, line(typeof value === 'string' ? value : JSON.stringify(value), 300))]),
        ]),
        h('div', { class: 'commands' }, command(`vigil show ${task.task_id}`), command(`vigil logs ${task.task_id} --follow`)),
    );
}

function waits(task) {
    if (task.waiting_for.length === 0) return null;
    return panel('Waits', {}, h('ul', { class: 'plain' }, task.waiting_for.map((wait) => h('li', {}, reason(wait)))));
}

function letters(task) {
    if (task.dead_letters.length === 0) return null;
    return panel('Dead letters', {}, h('ul', { class: 'plain' }, task.dead_letters.map((letter) => h(
        'li',
        {},
        link(`/dead-letters/${part(task.worker)}/${part(letter.file.split('/').at(-1))}`, letter.reason), ' ', line(letter.error ?? ''), ' ', since(letter.timestamp),
    ))));
}

function happened(why) {
    if (why.events.length === 0) return null;
    return panel('What happened', {}, h('ol', { class: 'events' }, why.events.map((event) => h('li', {}, event.timestamp ? h('time', { datetime: event.timestamp, title: moment(event.timestamp) }, event.timestamp.slice(11, 19)) : null, ' ', line(event.text, 400)))));
}

export default {
    title: ({ id }) => `Task ${plain(id)}`,

    async fetch({ id }, signal) {
        const [task, why] = await Promise.all([get(`/tasks/${part(id)}`, { signal }), get(`/tasks/${part(id)}/why`, { signal })]);
        return { task, why };
    },

    render: ({ task, why }) => [
        h('p', { class: 'crumbs' }, link('/tasks', 'Tasks')),
        heading(plain(task.task_id), state(task.state), ...buttons(task)),
        verdict(why),
        h(
            'div',
            { class: 'columns wide-left' },
            h(
                'div',
                {},
                attempts(task),
                panel('Output', {}, h('div', { class: 'output', 'data-key': `output-${task.task_id}`, 'data-own': true })),
                task.result?.output ? panel('Answer', {}, block(task.result.output)) : null,
            ),
            h(
                'div',
                {},
                waits(task),
                panel('Description', {}, task.task?.description === undefined ? empty('It is not known any more.') : block(task.task.description, { 'aria-label': 'Description' })),
                about(task),
                letters(task),
                happened(why),
            ),
        ),
    ],

    painted(main, own) {
        const place = main.querySelector('.output');
        if (own.output?.place !== place) own.output = { place, view: new Output(place, own.data.task.task_id, own.ended.signal) };
        own.output.view.update(own.data.task.attempts);
    },
};

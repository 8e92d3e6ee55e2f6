// SPDX-License-Identifier: Apache-2.0
// One task: where it is and why, its attempts, its output, and what it cost.

import { get } from './api.js';
import { attempts } from './attempts.js';
import { h } from './dom.js';
import { Output } from './output.js';
import { act, block, command, empty, facts, heading, link, panel, part, since, state, taskLink } from './parts.js';
import { count, duration, line, moment, money, plain, reason, timeOfDay } from './text.js';

const isOver = (task) => ['completed', 'failed', 'cancelled', 'refused'].includes(task.state);

function buttons(task) {
    const id = task.task_id;
    if (!isOver(task)) return [act('Cancel', 'cancel-task', { id }, { kind: 'danger', key: 'c' })];
    if (task.state === 'refused') return [];
    return [act('Run again', 'retry-task', { id }, { kind: 'primary', key: 'r' })];
}

/** What to do; a command in it can be copied. */
function remedy(text) {
    const [, words, order] = /^([^:]*: )(vigil [^;]+)$/.exec(text) ?? [];
    return words ? [line(words, 400), ' ', command(order)] : line(text, 400);
}

function verdict(why) {
    return h(
        'section',
        { class: 'verdict', 'aria-label': 'Why' },
        h('p', { class: 'sentence' }, line(why.sentence, 600)),
        why.chain.length > 0
            ? h(
                  'ul',
                  { class: 'chain' },
                  why.chain.map((step) =>
                      h(
                          'li',
                          { class: `depth-${Math.min(step.depth, 6)}` },
                          taskLink(step.task_id),
                          ' ',
                          step.state ? state(step.state) : null,
                          ' ',
                          h('span', { class: 'muted' }, line(step.text)),
                      ),
                  ),
              )
            : null,
        why.remedies.length > 0
            ? h(
                  'ul',
                  { class: 'remedies' },
                  why.remedies.map((text) => h('li', {}, remedy(text))),
              )
            : null,
    );
}

/** What all attempts have cost as far as that is known; null when nothing is. */
function costOf({ result, attempts: all }) {
    const told = [result?.cost_usd, ...all.map((attempt) => attempt.cost_usd ?? attempt.live_cost_usd)].map(
        (amount) => amount ?? null,
    );
    if (told[0] !== null) return money(told[0]);
    const known = told.filter((amount) => amount !== null);
    return known.length > 0 ? money(known.reduce((sum, amount) => sum + amount, 0)) : null;
}

const kinds = { input: 'in', output: 'out', cache_write: 'cached', cache_read: 'from the cache' };

/** The tokens of all attempts, by kind. */
const tokensOf = ({ result }) =>
    Object.entries(result?.tokens ?? {})
        .map(([kind, number]) => `${count(number)} ${kinds[kind] ?? line(kind)}`)
        .join(', ') || null;

const shownFields = new Set(['task_id', 'worker', 'description', 'group', 'priority', 'created_at', 'max_cost_usd']);

function about(task) {
    const fields = task.task ?? {};
    const agent = task.result?.agent ?? {};
    const limit = fields.max_cost_usd === undefined ? null : `at most ${money(fields.max_cost_usd)}`;
    const spent = costOf(task);
    const rest = Object.entries(fields).filter(([name]) => !shownFields.has(name));
    return panel(
        'About',
        {},
        facts([
            ['Worker', link(`/tasks?worker=${part(task.worker)}`, task.worker)],
            ['Queued', task.queued_at ? since(task.queued_at) : null],
            ['Group', fields.group ? link(`/tasks?group=${part(fields.group)}`, line(fields.group)) : null],
            ['Priority', fields.priority === undefined ? null : line(fields.priority)],
            [
                'Attempts',
                task.max_attempts === null
                    ? String(task.attempts.length)
                    : `${task.attempts.length} of at most ${task.max_attempts}`,
            ],
            ['Cost', [spent, limit].filter(Boolean).join(' of ') || null],
            ['Tokens', tokensOf(task)],
            ['Agent', agent.name ? line([agent.name, agent.model].filter(Boolean).join(', ')) : null],
            ['Turns', agent.turns === undefined ? null : String(agent.turns)],
            ['Session', agent.session_id ? h('code', {}, line(agent.session_id)) : null],
            ['Waited', task.result?.queue_seconds === undefined ? null : duration(task.result.queue_seconds)],
            ...rest.map(([name, value]) => [
                name,
                h('code', {}, line(typeof value === 'string' ? value : JSON.stringify(value), 300)),
            ]),
        ]),
        h(
            'div',
            { class: 'commands' },
            command(`vigil show ${task.task_id}`),
            command(`vigil logs ${task.task_id} --follow`),
        ),
    );
}

function waits(task) {
    if (task.waiting_for.length === 0) return null;
    return panel(
        'Waits',
        {},
        h(
            'ul',
            { class: 'plain' },
            task.waiting_for.map((wait) => h('li', {}, reason(wait))),
        ),
    );
}

function letters(task) {
    if (task.dead_letters.length === 0) return null;
    return panel(
        'Dead letters',
        {},
        h(
            'ul',
            { class: 'plain' },
            task.dead_letters.map((letter) =>
                h(
                    'li',
                    {},
                    link(`/dead-letters/${part(task.worker)}/${part(letter.file.split('/').at(-1))}`, letter.reason),
                    ' ',
                    line(letter.error ?? ''),
                    ' ',
                    since(letter.timestamp),
                ),
            ),
        ),
    );
}

function happened(why) {
    if (why.events.length === 0) return null;
    return panel(
        'What happened',
        {},
        h(
            'ol',
            { class: 'events' },
            why.events.map((event) =>
                h(
                    'li',
                    {},
                    event.timestamp
                        ? h(
                              'time',
                              { datetime: event.timestamp, title: moment(event.timestamp) },
                              timeOfDay(Date.parse(event.timestamp)),
                          )
                        : null,
                    ' ',
                    line(event.text, 400),
                ),
            ),
        ),
    );
}

export default {
    title: ({ id }) => `Task ${plain(id)}`,

    async fetch({ id }, signal) {
        const [task, why] = await Promise.all([
            get(`/tasks/${part(id)}`, { signal }),
            get(`/tasks/${part(id)}/why`, { signal }),
        ]);
        return { task, why };
    },

    render: ({ task, why }) => [
        h('p', { class: 'crumbs' }, link('/tasks', 'Tasks')),
        heading([plain(task.task_id), state(task.state)], ...buttons(task)),
        verdict(why),
        h(
            'div',
            { class: 'columns wide-left' },
            h(
                'div',
                {},
                attempts(task),
                panel(
                    'Output',
                    {},
                    h('div', { class: 'output', 'data-key': `output-${task.task_id}`, 'data-own': true }),
                ),
                task.result?.output ? panel('Answer', {}, block(task.result.output, 'Answer')) : null,
            ),
            h(
                'div',
                {},
                waits(task),
                panel(
                    'Description',
                    {},
                    task.task?.description === undefined
                        ? empty('It is not known any more.')
                        : block(task.task.description, 'Description'),
                ),
                about(task),
                letters(task),
                happened(why),
            ),
        ),
    ],

    painted(main, own) {
        const place = main.querySelector('.output');
        if (own.output?.place !== place)
            own.output = { place, view: new Output(place, own.data.task.task_id, own.ended.signal) };
        own.output.view.update(own.data.task.attempts);
    },
};

// SPDX-License-Identifier: Apache-2.0
// The list of tasks; the filter is in the address.

import { get, path } from './api.js';
import { h } from './dom.js';
import { cost, empty, heading, link, narrow, nothing, select, since, state, table, taskLink, word } from './parts.js';
import { count, counted, duration, line, reason } from './text.js';

const states = ['queued', 'waiting', 'running', 'completed', 'failed', 'cancelled'];
const [PAGE, MOST] = [100, 500];

const filterOf = (route) => ({
    state: route.query.getAll('state'),
    ...Object.fromEntries(['worker', 'group', 'match'].map((name) => [name, route.query.get(name) ?? ''])),
});
const isFiltered = (filter) => filter.state.length > 0 || filter.worker || filter.group || filter.match;

function filterBar(filter, workers) {
    const names = [...new Set([...workers, filter.worker].filter(Boolean))];
    return h(
        'form',
        { class: 'filters', 'aria-label': 'Filter', 'data-key': 'filters' },
        h(
            'fieldset',
            {},
            h('legend', { class: 'hidden' }, 'States'),
            states.map((word) =>
                h(
                    'label',
                    { class: 'chip' },
                    h('input', { type: 'checkbox', name: 'state', value: word, checked: filter.state.includes(word) }),
                    h('span', {}, word),
                ),
            ),
        ),
        select('worker', 'Worker', [['', 'all'], ...names.map((name) => [name, name])], filter.worker),
        h(
            'label',
            { class: 'field' },
            h('span', {}, 'Group'),
            h('input', {
                name: 'group',
                type: 'text',
                value: filter.group,
                placeholder: 'any',
                maxlength: 128,
                autocomplete: 'off',
                spellcheck: 'false',
            }),
        ),
        h(
            'label',
            { class: 'field' },
            h('span', {}, 'Id contains'),
            h('input', {
                name: 'match',
                type: 'search',
                value: filter.match,
                maxlength: 128,
                autocomplete: 'off',
                spellcheck: 'false',
            }),
        ),
        isFiltered(filter) ? link('/tasks', 'Clear', { class: 'button' }) : null,
    );
}

function remark(task) {
    if (task.waiting_for.length > 0) return task.waiting_for.map((wait) => h('div', { class: 'why' }, reason(wait)));
    if (task.reason) return h('span', {}, word(task.reason), ' ', line(task.message ?? '', 160));
    return task.attempts > 1 ? `${count(task.attempts)} attempts` : '';
}

const cells = (task) => [
    [taskLink(task.task_id), narrow(task.worker, ' \u00b7 ', since(task.since))],
    task.worker,
    task.group ? link(path('/tasks', { group: task.group }), task.group) : nothing(),
    state(task.state),
    since(task.since),
    task.duration_seconds === null ? nothing() : duration(task.duration_seconds),
    cost(task.cost_usd),
    remark(task),
];

/** A row is made anew when its task has changed, or when it says how long something still takes. */
function row(task) {
    const key = `${task.worker}/${task.task_id}`;
    const passes = task.waiting_for.some((wait) => wait.until);
    return passes ? [key, cells(task)] : [key, () => cells(task), JSON.stringify(task)];
}

/** How many tasks are shown, and of what. */
function summary(number, isAll, isOfFilter) {
    if (number === 0) return '';
    return [counted(number, isAll ? 'task' : 'newest task'), isOfFilter ? ' of this filter' : ''].join('');
}

function more(data, local) {
    if (data.next === null) return h('p', { class: 'muted' }, data.tasks.length > 0 ? 'That is all.' : null);
    if (local.limit < MOST)
        return h('button', { type: 'button', class: 'button', 'data-act': 'more' }, `Show ${PAGE} more`);
    return h(
        'p',
        {},
        'More than a page is good for: narrow the filter, or ',
        h('button', { type: 'button', class: 'button', 'data-act': 'next' }, 'go on with older ones'),
        local.cursor
            ? [' or ', h('button', { type: 'button', class: 'button', 'data-act': 'newest' }, 'back to the newest')]
            : null,
    );
}

/** Reads the form into the address. */
function apply(form) {
    const read = new FormData(form);
    location.hash = path('/tasks', {
        state: read.getAll('state'),
        worker: read.get('worker'),
        group: read.get('group').trim(),
        match: read.get('match').trim(),
    });
}

export default {
    title: () => 'Tasks',
    keepsPlace: true,
    local: () => ({ limit: PAGE, cursor: null }),

    async fetch(route, signal, { limit, cursor }) {
        const page = await get(path('/tasks', { ...filterOf(route), limit, cursor }), { signal });
        return { tasks: page.tasks, next: page.next_cursor };
    },

    render(data, route, local) {
        local.next = data.next;
        const filter = filterOf(route);
        const rows = data.tasks.map(row);
        return [
            heading('Tasks', link('/submit', 'Submit a task', { class: 'button primary' })),
            filterBar(
                filter,
                data.status.workers.map((worker) => worker.worker),
            ),
            h('p', { class: 'summary', role: 'status' }, summary(rows.length, data.next === null, isFiltered(filter))),
            rows.length > 0
                ? table('Tasks', ['Task', '-Worker', '-Group', 'State', '-#Since', '-#Ran', '-#Cost', 'Remark'], rows, {
                      'data-key': 'rows',
                  })
                : empty(isFiltered(filter) ? 'No task fits the filter.' : 'There is no task yet.'),
            h('div', { class: 'pages' }, more(data, local)),
        ];
    },

    attach(main, own) {
        let timer = null;
        const change = (event) => {
            const form = event.target.closest('form.filters');
            if (!form) return;
            clearTimeout(timer);
            // Typing is waited for; whatever is done next finds the filter in the address already.
            if (event.type === 'input') timer = setTimeout(() => apply(form), 300);
            else apply(form);
        };
        const listen = (name, handler) => main.addEventListener(name, handler, { signal: own.ended.signal });
        listen('input', (event) => {
            if (event.target.type !== 'checkbox') change(event);
        });
        listen('change', change);
        listen('submit', (event) => {
            event.preventDefault();
            change(event);
        });
        own.ended.signal.addEventListener('abort', () => clearTimeout(timer));
    },

    act(name, data, own) {
        if (name === 'more') own.local.limit = Math.min(MOST, own.local.limit + PAGE);
        if (name === 'next') own.local.cursor = own.local.next;
        if (name === 'newest') own.local.cursor = null;
        own.refresh();
    },
};

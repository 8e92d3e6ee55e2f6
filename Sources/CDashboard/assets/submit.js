// SPDX-License-Identifier: Apache-2.0
// A form that submits a task.

import { say } from './acts.js';
import { may, post, Refusal } from './api.js';
import { h } from './dom.js';
import { heading, panel, part } from './parts.js';
import { line } from './text.js';

const priorities = ['critical', 'high', 'normal', 'low'];

/** An input with its label, and with a hint that describes it. */
function field(name, label, hint, input) {
    input.id = `field-${name}`;
    if (hint) input.setAttribute('aria-describedby', `hint-${name}`);
    return h(
        'div',
        { class: 'field' },
        h('label', { for: input.id }, label),
        input,
        hint ? h('small', { class: 'muted', id: `hint-${name}` }, hint) : null,
    );
}

const text = (name, more = {}) => h('input', { name, type: 'text', autocomplete: 'off', spellcheck: 'false', ...more });

function form(workers) {
    const hasOne = workers.length === 1;
    return h(
        'form',
        { class: 'submit', 'data-key': 'submit', 'data-own': true, novalidate: true },
        h(
            'div',
            { class: 'row' },
            field(
                'worker',
                'Worker',
                null,
                h(
                    'select',
                    { name: 'worker', required: true },
                    hasOne ? null : h('option', { value: '' }, 'Choose one'),
                    workers.map((worker) => h('option', { value: worker }, worker)),
                ),
            ),
            field('task_id', 'Id', 'Left empty: one is made.', text('task_id', { maxlength: 128 })),
        ),
        field(
            'description',
            'Description',
            'What the agent is to do.',
            h('textarea', { name: 'description', rows: 8, required: true }),
        ),
        h(
            'details',
            {},
            h('summary', {}, 'More'),
            h(
                'div',
                { class: 'row' },
                field(
                    'priority',
                    'Priority',
                    null,
                    h(
                        'select',
                        { name: 'priority' },
                        h('option', { value: '' }, 'as usual'),
                        priorities.map((word) => h('option', { value: word }, word)),
                    ),
                ),
                field('group', 'Group', null, text('group', { maxlength: 128 })),
                field('agent', 'Agent', 'A configured profile.', text('agent')),
            ),
            h(
                'div',
                { class: 'row' },
                field(
                    'timeout',
                    'Timeout',
                    'Seconds of one attempt.',
                    h('input', { name: 'timeout', type: 'number', min: '1', step: 'any' }),
                ),
                field(
                    'max_retries',
                    'Retries',
                    'At most so many.',
                    h('input', { name: 'max_retries', type: 'number', min: '0', max: '100' }),
                ),
                field(
                    'max_cost_usd',
                    'Cost',
                    'US dollars for all attempts.',
                    h('input', { name: 'max_cost_usd', type: 'number', min: '0', step: 'any' }),
                ),
            ),
            h(
                'div',
                { class: 'row' },
                field(
                    'not_before',
                    'Not before',
                    'In your time zone.',
                    h('input', { name: 'not_before', type: 'datetime-local' }),
                ),
                field('dependencies', 'After', 'Ids of tasks that have to complete first.', text('dependencies')),
                field('cwd', 'Directory', 'An absolute path that ALLOWED_CWD permits.', text('cwd')),
                field('verify', 'Checks', 'Names of configured checks.', text('verify')),
            ),
        ),
        h('p', { class: 'notice bad', id: 'refusal', role: 'alert', hidden: true }),
        h(
            'div',
            { class: 'acts' },
            h('button', { type: 'submit', class: 'button primary', disabled: !may('write') }, 'Submit'),
            may('write') ? null : h('span', { class: 'muted' }, 'This needs a token with the scope write.'),
        ),
    );
}

/** The task file that the form describes. */
function taskOf(form) {
    const task = {};
    for (const [name, value] of new FormData(form)) {
        const given = name === 'description' ? value : value.trim();
        if (given === '') continue;
        if (['timeout', 'max_retries', 'max_cost_usd'].includes(name)) task[name] = Number(given);
        else if (name === 'not_before') task[name] = new Date(given).toISOString();
        else if (name === 'dependencies' || name === 'verify') task[name] = given.split(/[\s,]+/).filter(Boolean);
        else task[name] = given;
    }
    return task;
}

async function send(form) {
    const [refusal, button] = [form.querySelector('#refusal'), form.querySelector('[type=submit]')];
    refusal.hidden = true;
    const missing = [...form.elements].find((element) => element.required && !element.value.trim());
    if (missing) {
        refusal.textContent = `${missing.labels[0].textContent}: it is needed.`;
        refusal.hidden = false;
        return missing.focus();
    }
    button.disabled = true;
    try {
        const { task_id: id, outcome } = await post('/tasks', taskOf(form));
        say(
            outcome === 'accepted'
                ? `${line(id)} is submitted.`
                : `${line(id)} was submitted before; nothing has changed.`,
        );
        location.hash = `#/tasks/${part(id)}`;
    } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        refusal.textContent = line(error.message, 600);
        refusal.hidden = false;
    } finally {
        button.disabled = false;
    }
}

export default {
    title: () => 'Submit a task',
    fetch: async () => ({}),
    render: ({ status }) => [
        heading('Submit a task'),
        panel('Task', {}, form(status.workers.map(({ worker }) => worker))),
    ],
    attach(main, own) {
        main.addEventListener(
            'submit',
            (event) => {
                event.preventDefault();
                send(event.target);
            },
            { signal: own.ended.signal },
        );
        main.addEventListener(
            'keydown',
            (event) => {
                if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && event.target.form)
                    event.target.form.requestSubmit();
            },
            { signal: own.ended.signal },
        );
    },
};

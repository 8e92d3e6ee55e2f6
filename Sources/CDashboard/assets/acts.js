// SPDX-License-Identifier: Apache-2.0
// What can be done: asks before something is lost, and says what came of it.

import { post, Refusal, remove } from './api.js';
import { h } from './dom.js';
import { part } from './parts.js';
import { counted, line } from './text.js';

const toasts = document.getElementById('toasts');
const dialog = document.getElementById('dialog');

/** Says something for a while; a screen reader reads it out. */
export function say(text, level = 'good') {
    const toast = h(
        'div',
        { class: `toast ${level}` },
        h('span', {}, text),
        h('button', { type: 'button', class: 'quiet', 'aria-label': 'Dismiss' }, '\u00d7'),
    );
    toast.lastChild.addEventListener('click', () => toast.remove());
    toasts.append(toast);
    while (toasts.children.length > 3) toasts.firstChild.remove();
    setTimeout(() => toast.remove(), level === 'bad' ? 15_000 : 6_000);
}

/** Opens the dialog, and gives what was chosen: null for nothing. The focus goes back to where it was. */
export function ask({ title, body, verb, kind = 'danger', read = () => true }) {
    const isNotice = verb === undefined;
    const form = h(
        'form',
        { class: 'dialog' },
        h('h2', { id: 'dialog-title' }, title),
        h('div', { class: 'dialog-body' }, body),
        h(
            'div',
            { class: 'dialog-acts' },
            h(
                'button',
                { type: 'button', class: 'button', value: 'no', autofocus: kind === 'danger' || isNotice },
                isNotice ? 'Close' : 'Keep',
            ),
            isNotice ? null : h('button', { type: 'submit', class: `button ${kind}` }, verb),
        ),
    );
    dialog.replaceChildren(form);
    return new Promise((resolve) => {
        // The answer is there before the dialog is gone, so that whoever is quick can ask again.
        const answer = (choice) => {
            resolve(choice);
            if (dialog.open) dialog.close();
        };
        form.addEventListener('submit', (event) => {
            event.preventDefault();
            answer(read(form));
        });
        form.querySelector('[value=no]').addEventListener('click', () => answer(null));
        dialog.oncancel = () => resolve(null);
        // The one before may say only now that it is closed.
        dialog.onclose = () => dialog.open || resolve(null);
        dialog.showModal();
    });
}

const letterPath = ({ worker, file }) => `/dead-letters/${part(worker)}/${part(file)}`;

/** Does one thing after another, and says what the first refusals were. */
async function each(items, work) {
    const refused = [];
    let done = 0;
    for (const item of items) {
        try {
            await work(item);
            done += 1;
        } catch (error) {
            if (!(error instanceof Refusal)) throw error;
            refused.push(error.message);
        }
    }
    if (refused.length > 0) say(`${counted(refused.length, 'was', 'were')} refused: ${line(refused[0])}`, 'bad');
    return done;
}

/** What each act asks before it begins, and does; it returns what to say. */
const acts = {
    'cancel-task': {
        question: ({ id }) => ({
            title: 'Cancel this task?',
            verb: 'Cancel task',
            body: [
                h(
                    'p',
                    {},
                    h('strong', {}, line(id)),
                    ' ends as cancelled. Its processes are stopped, and it is not tried again.',
                ),
            ],
        }),
        run: async ({ id }) => {
            const { outcome, message } = await post(`/tasks/${part(id)}/cancel`);
            return outcome === 'pending'
                ? `Cancelling ${line(id)}.`
                : `${line(id)} is cancelled once its worker is served. ${line(message ?? '')}`;
        },
    },
    'retry-task': {
        question: ({ id }) => ({
            title: 'Run this task again?',
            verb: 'Run again',
            kind: 'primary',
            body: [h('p', {}, h('strong', {}, line(id)), ' is queued anew; its result gives way to the new one.')],
        }),
        run: async ({ id }) => {
            await post(`/tasks/${part(id)}/retry`);
            return `${line(id)} is queued again.`;
        },
    },
    pause: {
        run: async ({ worker }) => {
            const { message } = await post(`/workers/${part(worker)}/pause`);
            return message ? line(message) : `${worker} starts nothing until it is resumed.`;
        },
    },
    resume: {
        run: async ({ worker }) => {
            const { message } = await post(`/workers/${part(worker)}/resume`);
            return message ? line(message) : `${worker} starts tasks again.`;
        },
    },
    drain: {
        question: ({ worker }) => ({
            title: `Drain ${worker}?`,
            verb: 'Drain',
            body: [h('p', {}, `${worker} finishes what runs, and stops. Its tasks wait until it is started again.`)],
        }),
        run: async ({ worker }) => {
            const { message } = await post(`/workers/${part(worker)}/drain`);
            return message ? line(message) : `${worker} finishes what runs, and stops.`;
        },
    },
    scale: {
        question: ({ worker, slots }) => ({
            title: `Scale ${worker}`,
            verb: 'Scale',
            kind: 'primary',
            body: [
                h('p', {}, 'How many tasks it runs at once, until its daemon is started anew.'),
                h(
                    'label',
                    { class: 'field' },
                    h('span', {}, 'Slots'),
                    h('input', {
                        name: 'slots',
                        type: 'number',
                        min: '1',
                        max: '256',
                        required: true,
                        value: slots,
                        autofocus: true,
                    }),
                ),
            ],
            read: (form) => form.elements.slots.valueAsNumber,
        }),
        run: async ({ worker }, slots) => {
            const { message } = await post(`/workers/${part(worker)}/scale`, { max_concurrent: slots });
            return message ? line(message) : `${worker} runs ${counted(slots, 'task')} at once.`;
        },
    },
    'retry-letter': {
        run: async (letter) => {
            await post(`${letterPath(letter)}/retry`);
            return `${line(letter.name)} is queued again.`;
        },
    },
    'remove-letter': {
        question: ({ name }) => ({
            title: 'Remove this dead letter?',
            verb: 'Remove',
            body: [h('p', {}, h('strong', {}, line(name)), ' is deleted for good, with what it says about the task.')],
        }),
        run: async (letter) => {
            await remove(letterPath(letter));
            return `The dead letter of ${line(letter.name)} is removed.`;
        },
    },
    'retry-letters': {
        question: ({ items }) => ({
            title: `Retry ${counted(items.length, 'dead letter')}?`,
            verb: `Retry ${items.length}`,
            kind: 'primary',
            body: [list(items)],
        }),
        run: async ({ items }) =>
            `${counted(await each(items, (letter) => post(`${letterPath(letter)}/retry`)), 'task')} queued again.`,
    },
    'remove-letters': {
        question: ({ items }) => ({
            title: `Remove ${counted(items.length, 'dead letter')}?`,
            verb: `Remove ${items.length}`,
            body: [h('p', {}, 'They are deleted for good, with what they say about their tasks.'), list(items)],
        }),
        run: async ({ items }) =>
            `${counted(await each(items, (letter) => remove(letterPath(letter))), 'dead letter')} removed.`,
    },
    copy: {
        run: async ({ text }) => {
            await navigator.clipboard.writeText(text);
            return 'Copied.';
        },
    },
};

const list = (items) =>
    h(
        'ul',
        { class: 'affected' },
        items.slice(0, 10).map(({ name }) => h('li', {}, line(name))),
        items.length > 10 ? h('li', { class: 'muted' }, `and ${items.length - 10} more`) : null,
    );

/** Does what was asked for; gives whether something was done. */
export async function perform(name, data) {
    const deed = acts[name];
    let choice = null;
    if (deed.question) {
        choice = await ask(deed.question(data));
        if (choice === null) return false;
    }
    try {
        say(await deed.run(data, choice));
        return true;
    } catch (error) {
        say(
            error instanceof Refusal ? line(error.message, 600) : `It could not be done: ${line(error.message)}`,
            'bad',
        );
        return false;
    }
}

/** Whether there is such an act. */
export const isAct = (name) => Object.hasOwn(acts, name);

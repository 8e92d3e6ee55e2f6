// SPDX-License-Identifier: Apache-2.0
// Where a token is entered. It is sent once, and the page keeps nothing of it.

import { Refusal, signIn } from './api.js';
import { h } from './dom.js';
import { command } from './parts.js';
import { line } from './text.js';

export default {
    title: () => 'Sign in',

    render: (data, route, local) => [
        h(
            'form',
            { class: 'sign-in', 'data-key': 'sign-in' },
            h('h1', { tabindex: '-1' }, 'Sign in'),
            h(
                'p',
                { class: 'notice', 'data-key': 'reason', role: 'status', hidden: !local.reason },
                line(local.reason ?? '', 600),
            ),
            h(
                'label',
                { class: 'field' },
                h('span', {}, 'Token'),
                h('input', {
                    type: 'password',
                    name: 'token',
                    required: true,
                    autocomplete: 'off',
                    spellcheck: 'false',
                    'aria-describedby': 'token-hint',
                }),
            ),
            h('p', { class: 'notice bad', 'data-key': 'refusal', role: 'alert', hidden: true }),
            h('button', { type: 'submit', class: 'button primary' }, 'Sign in'),
            h(
                'div',
                { class: 'muted', id: 'token-hint' },
                h('p', {}, 'Make one on the machine that Vigil runs on:'),
                command('vigil token create browser --scope write'),
                h('p', {}, 'read looks, write acts on tasks, admin also scales and drains workers.'),
            ),
        ),
    ],

    attach(main, own) {
        const form = main.querySelector('form');
        const refusal = form.querySelector('[data-key=refusal]');
        form.elements.token.focus();
        form.addEventListener(
            'submit',
            async (event) => {
                event.preventDefault();
                refusal.hidden = true;
                const button = form.querySelector('[type=submit]');
                button.disabled = true;
                try {
                    await signIn(form.elements.token.value.trim());
                    form.reset();
                    document.dispatchEvent(new Event('signed-in'));
                } catch (error) {
                    if (!(error instanceof Refusal)) throw error;
                    refusal.textContent = line(error.status === 401 ? 'The token is not known.' : error.message, 600);
                    refusal.hidden = false;
                    form.elements.token.select();
                } finally {
                    button.disabled = false;
                }
            },
            { signal: own.ended.signal },
        );
    },
};

// SPDX-License-Identifier: Apache-2.0
// Shows the output of an attempt as it comes. However much that is, the page holds a bounded part of it.

import { path, Refusal, send } from './api.js';
import { h } from './dom.js';
import { part } from './parts.js';
import { plain, size } from './text.js';

/** The most letters that are shown, and how many of an ended attempt are asked for. */
const [MOST, TAIL] = [400_000, 256 << 10];
/** After a break it goes on where it was. */
const [FIRST_WAIT, LONGEST_WAIT] = [1000, 15_000];

export class Output {
    #id;
    #screen = h('pre', { class: 'screen', tabindex: '0', role: 'log', 'aria-live': 'off', 'aria-label': 'Output' });
    #note = h('span', { class: 'muted' });
    #pieces = [];
    #length = 0;
    #waiting = '';
    #isDue = false;
    #abort = null;
    #shown = '';
    #stream = 'stdout';
    #attempt = null;
    #attempts = [];
    #head = h('div', { class: 'output-head' });

    constructor(element, id, signal) {
        this.#id = id;
        element.replaceChildren(this.#head, this.#screen);
        this.#head.addEventListener('click', (event) => {
            const stream = event.target.closest('[data-stream]')?.dataset.stream;
            if (stream) this.#choose({ stream });
        });
        this.#head.addEventListener('change', (event) => this.#choose({ attempt: Number(event.target.value) }));
        signal.addEventListener('abort', () => this.#abort?.abort());
        document.addEventListener(
            'visibilitychange',
            () => {
                if (document.visibilityState === 'hidden') this.#stop();
                else this.#start();
            },
            { signal },
        );
    }

    /** Takes the attempts as the task tells them; the latest is followed unless another one was chosen. */
    update(attempts) {
        const latest = attempts.at(-1)?.number ?? null;
        const wasLatest = this.#attempt === null || this.#attempt === this.#attempts.at(-1)?.number;
        this.#attempts = attempts;
        if (wasLatest) this.#attempt = latest;
        this.#paintHead();
        this.#start();
    }

    #choose(choice) {
        if (choice.stream) this.#stream = choice.stream;
        if (choice.attempt) this.#attempt = choice.attempt;
        this.#paintHead();
        this.#start();
    }

    get #chosen() {
        return this.#attempts.find(({ number }) => number === this.#attempt);
    }

    #paintHead() {
        const attempt = this.#chosen;
        const bytes = attempt?.[`${this.#stream}_bytes`] ?? 0;
        const streams = ['stdout', 'stderr'].map((stream) =>
            h(
                'button',
                {
                    type: 'button',
                    class: 'tab',
                    'data-stream': stream,
                    'aria-pressed': String(stream === this.#stream),
                },
                stream,
                ' ',
                h('span', { class: 'muted' }, size(attempt?.[`${stream}_bytes`] ?? 0)),
            ),
        );
        const query = path(`/api/v1/tasks/${part(this.#id)}/logs`, { stream: this.#stream, attempt: this.#attempt });
        const wanted = [
            h('div', { class: 'tabs', role: 'group', 'aria-label': 'Stream' }, streams),
            this.#attempts.length > 1
                ? h(
                      'label',
                      { class: 'field inline' },
                      h('span', {}, 'Attempt'),
                      h(
                          'select',
                          {},
                          this.#attempts.map(({ number }) =>
                              h('option', { value: number, selected: number === this.#attempt }, String(number)),
                          ),
                      ),
                  )
                : null,
            this.#note,
            bytes > 0 && bytes <= 4 << 20
                ? h(
                      'a',
                      { class: 'button', href: query, download: `${this.#id}-${this.#attempt}.${this.#stream}.txt` },
                      'Download',
                  )
                : null,
        ].filter(Boolean);
        if (this.#head.contains(document.activeElement) && document.activeElement.matches('select')) return;
        const focused = document.activeElement?.closest('[data-stream]')?.dataset.stream;
        this.#head.replaceChildren(...wanted);
        if (focused) this.#head.querySelector(`[data-stream=${focused}]`)?.focus();
    }

    #stop() {
        this.#abort?.abort();
        this.#abort = null;
    }

    /** Follows what is chosen, unless that is followed already. */
    #start() {
        if (document.visibilityState === 'hidden' || this.#attempt === null) {
            if (this.#attempt === null) this.#clear('No attempt was made yet.');
            return;
        }
        // A running attempt is another one than the same when it has ended without being read to its end.
        const what = `${this.#attempt} ${this.#stream}`;
        if (this.#shown === what && this.#abort !== null) return;
        this.#stop();
        const abort = new AbortController();
        this.#abort = abort;
        if (this.#shown !== what) this.#clear('');
        this.#shown = what;
        this.#follow(abort.signal);
    }

    #offset = 0;

    async #follow(signal) {
        let wait = FIRST_WAIT;
        const bytes = this.#chosen?.[`${this.#stream}_bytes`] ?? 0;
        if (this.#offset === 0 && bytes > TAIL) {
            this.#offset = bytes - TAIL;
            this.#put(`(the first ${size(this.#offset)} are left out here)\n`);
        }
        const query = { stream: this.#stream, attempt: this.#attempt };
        while (!signal.aborted) {
            try {
                const response = await send(
                    'GET',
                    path(`/tasks/${part(this.#id)}/logs/stream`, { ...query, from: this.#offset }),
                    { signal },
                );
                this.#say(this.#chosen?.running ? 'live' : '');
                wait = FIRST_WAIT;
                await this.#read(response.body.getReader(), signal);
                return this.#say('ended');
            } catch (error) {
                if (signal.aborted) return;
                if (error instanceof Refusal && error.status !== 0 && error.status < 500)
                    return this.#say(error.status === 404 ? 'there is none' : error.message);
            }
            this.#say('interrupted');
            await new Promise((resolve) => {
                setTimeout(resolve, wait);
            });
            wait = Math.min(wait * 2, LONGEST_WAIT);
        }
    }

    async #read(reader, signal) {
        const text = new TextDecoder();
        for (;;) {
            const { done, value } = await reader.read();
            if (signal.aborted) return;
            if (done) return;
            this.#offset += value.length;
            this.#put(text.decode(value, { stream: true }));
        }
    }

    #say(word) {
        this.#note.textContent = word;
        this.#note.className = word === 'live' ? 'badge busy' : 'muted';
    }

    #clear(note) {
        this.#offset = 0;
        this.#pieces = [];
        this.#length = 0;
        this.#waiting = '';
        this.#screen.replaceChildren();
        this.#say(note);
    }

    /** Gathers what comes within a frame. */
    #put(text) {
        this.#waiting += text;
        if (this.#waiting.length > MOST) this.#waiting = this.#waiting.slice(-MOST);
        if (this.#isDue) return;
        this.#isDue = true;
        requestAnimationFrame(() => {
            this.#isDue = false;
            this.#flush();
        });
    }

    #flush() {
        const screen = this.#screen;
        const isAtEnd = screen.scrollHeight - screen.scrollTop - screen.clientHeight < 40;
        const piece = document.createTextNode(plain(this.#waiting.replace(/\r\n/g, '\n')));
        this.#waiting = '';
        this.#pieces.push(piece);
        this.#length += piece.length;
        screen.append(piece);
        while (this.#length > MOST && this.#pieces.length > 1) {
            const oldest = this.#pieces.shift();
            this.#length -= oldest.length;
            oldest.remove();
        }
        if (isAtEnd) screen.scrollTop = screen.scrollHeight;
    }
}

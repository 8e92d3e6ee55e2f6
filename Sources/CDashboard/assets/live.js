// SPDX-License-Identifier: Apache-2.0
// Follows the events for as long as the page is looked at, and comes back after each break.

import { Refusal, send } from './api.js';

/** Reads a stream of server-sent events, line by line. */
class EventReader {
    #rest = '';
    #event = {};

    /** Takes what has come, and gives the events that are whole. */
    take(text) {
        const lines = (this.#rest + text).split('\n');
        this.#rest = lines.pop();
        const events = [];
        for (const line of lines) {
            if (line === '') {
                if (this.#event.data !== undefined) events.push(this.#event);
                this.#event = {};
                continue;
            }
            const colon = line.indexOf(':');
            if (colon > 0) this.#event[line.slice(0, colon)] = line.slice(colon + 1).replace(/^ /, '');
        }
        return events;
    }
}

/** The longest silence; the server says something every 15 s. */
const SILENCE = 40_000;
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 30_000;

export class Live {
    #last = null;
    #wait = FIRST_WAIT;
    #timer = null;
    #abort = null;
    #isWanted = false;
    #on;

    /** `on` is told of `event`, `open` (with whether it was lost before), and `lost` (with the time of the next try). */
    constructor(on) {
        this.#on = on;
        document.addEventListener('visibilitychange', () => this.#look());
        addEventListener('online', () => this.tryNow());
        addEventListener('offline', () => this.#abort?.abort());
    }

    /** The sequence of the last event. */
    get last() {
        return this.#last;
    }

    start() {
        this.#isWanted = true;
        this.#look();
    }

    stop() {
        this.#isWanted = false;
        this.#look();
    }

    /** Tries again at once when a try is waited for. */
    tryNow() {
        if (this.#timer === null) return;
        clearTimeout(this.#timer);
        this.#timer = null;
        this.#wait = FIRST_WAIT;
        this.#look();
    }

    /** Connections of one browser to one server are few: a page that nobody sees holds none. */
    #look() {
        const isSeen = this.#isWanted && document.visibilityState !== 'hidden';
        if (isSeen && this.#abort === null && this.#timer === null) this.#follow();
        if (isSeen) return;
        clearTimeout(this.#timer);
        this.#timer = null;
        const abort = this.#abort;
        this.#abort = null;
        abort?.abort();
    }

    async #follow() {
        const abort = new AbortController();
        this.#abort = abort;
        const isCurrent = () => this.#abort === abort;
        try {
            const query = this.#last === null ? '' : `?after=${this.#last}`;
            const response = await send('GET', `/events/stream${query}`, { signal: abort.signal });
            if (!isCurrent()) return;
            this.#wait = FIRST_WAIT;
            this.#on.open();
            await this.#read(response.body, abort);
        } catch (error) {
            // The session is over: whoever signs in again starts the events again.
            if (error instanceof Refusal && error.status === 401) this.#isWanted = false;
        }
        if (!isCurrent()) return;
        this.#abort = null;
        if (this.#isWanted) this.#later();
    }

    async #read(body, abort) {
        const [reader, events, text] = [body.getReader(), new EventReader(), new TextDecoder()];
        let alarm;
        const rewind = () => {
            clearTimeout(alarm);
            alarm = setTimeout(() => abort.abort(), SILENCE);
        };
        try {
            for (rewind(); ; rewind()) {
                const { done, value } = await reader.read();
                if (done) return;
                for (const event of events.take(text.decode(value, { stream: true }))) {
                    if (event.id) this.#last = event.id;
                    this.#on.event(JSON.parse(event.data));
                }
            }
        } finally {
            clearTimeout(alarm);
        }
    }

    #later() {
        // Half of the wait is chance, so that many pages do not come back at the same moment.
        const wait = this.#wait / 2 + (Math.random() * this.#wait) / 2;
        this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT);
        this.#on.lost(Date.now() + wait);
        this.#timer = setTimeout(() => {
            this.#timer = null;
            this.#look();
        }, wait);
    }
}

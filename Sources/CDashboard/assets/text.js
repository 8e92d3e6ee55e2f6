// SPDX-License-Identifier: Apache-2.0
// Writes numbers, times and foreign texts for people.

/**
 * A foreign text with what would act on a terminal or on the order of letters made visible.
 * Line feeds and tabs stay; other control characters become their pictures, marks of direction their numbers.
 */
export function plain(text) {
    return String(text).replace(
        /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g,
        (mark) => {
            const code = mark.charCodeAt(0);
            if (code < 0x20) return String.fromCharCode(0x2400 + code);
            if (code === 0x7f) return '\u2421';
            return `\u27e8U+${code.toString(16).toUpperCase().padStart(4, '0')}\u27e9`;
        },
    );
}

/** A foreign text on one line, with so many characters at most. */
export function line(text, most = 240) {
    const flat = plain(
        String(text)
            .slice(0, most * 4)
            .replace(/\s+/g, ' ')
            .trim(),
    );
    const letters = [...flat];
    return letters.length > most ? `${letters.slice(0, most - 1).join('')}\u2026` : flat;
}

const whole = new Intl.NumberFormat('en');

/** A whole number with separators. */
export const count = (number) => whole.format(number ?? 0);

/** A number with its noun. */
export const counted = (number, noun, plural = `${noun}s`) => `${count(number)} ${number === 1 ? noun : plural}`;

/** Money in US dollars. */
export const money = (amount) =>
    `$${amount >= 100 ? count(Math.round(amount)) : amount.toFixed(amount < 0.1 && amount > 0 ? 4 : 2)}`;

/** Bytes. */
export function size(bytes) {
    if (bytes < 1024) return `${bytes} B`;
    const units = ['KiB', 'MiB', 'GiB', 'TiB'];
    let [value, unit] = [bytes / 1024, 0];
    while (value >= 1024 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
    return `${value.toFixed(value < 10 ? 1 : 0)} ${units[unit]}`;
}

/** A duration in its two largest units. */
export function duration(seconds) {
    if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
    if (seconds < 10) return `${Math.floor(seconds * 10) / 10} s`;
    const total = Math.floor(seconds);
    if (total < 60) return `${total} s`;
    const parts = [
        [86400, 'd'],
        [3600, 'h'],
        [60, 'min'],
        [1, 's'],
    ];
    const first = parts.findIndex(([length]) => total >= length);
    const [length, unit] = parts[first];
    const rest = Math.floor((total % length) / parts[first + 1][0]);
    const head = `${Math.floor(total / length)} ${unit}`;
    return rest > 0 ? `${head} ${rest} ${parts[first + 1][1]}` : head;
}

/** How far the server's clock is ahead of the browser's, in milliseconds. */
let ahead = 0;

/** Notes the server's time; small differences are those of the way. */
export function noteServerTime(time) {
    const difference = time - Date.now();
    ahead = Math.abs(difference) > 2000 ? difference : 0;
}

/** The server's time in milliseconds since 1970. */
export const now = () => Date.now() + ahead;

/** A duration that goes on, in whole seconds. */
const lasting = (seconds) => (seconds < 60 ? `${Math.max(0, Math.floor(seconds))} s` : duration(seconds));

/** How long ago, or in how long. */
export function ago(iso) {
    const seconds = (now() - Date.parse(iso)) / 1000;
    if (Math.abs(seconds) < 1) return 'now';
    const text = lasting(Math.abs(seconds));
    return seconds < 0 ? `in ${text}` : `${text} ago`;
}

/** The age alone. */
export const age = (iso) => lasting((now() - Date.parse(iso)) / 1000);

const local = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });

/** The moment in the reader's zone and in UTC. */
export const moment = (iso) => `${local.format(Date.parse(iso))} (${iso})`;

/** The time of day in the reader's zone. */
export const timeOfDay = (milliseconds) => clock.format(milliseconds);

const causes = {
    dependency: (wait) => {
        const tasks = (wait.tasks ?? []).map((task) => `${task.task_id} (${task.state ?? 'not known yet'})`);
        return `until it has completed: ${tasks.join(', ')}`;
    },
    not_before: (wait) => `for its time, ${ago(wait.until)}`,
    retry: (wait) =>
        Date.parse(wait.until) > now()
            ? `for its next attempt, ${ago(wait.until)}`
            : 'for its next attempt, which is due',
    paused: () => 'the worker is paused',
    draining: () => 'the worker is about to stop',
    circuit_open: (wait) =>
        wait.circuit_breaker_state === 'half_open'
            ? 'the circuit is half-open: one task is tried first'
            : `the circuit is open${wait.until ? `; one task is tried ${ago(wait.until)}` : ''}`,
    usage_limit: (wait) => `the usage limit of ${wait.account} is reached; one task is tried ${ago(wait.until)}`,
    rate_limit: (wait) =>
        `as many tasks were started as RATE_LIMIT allows${wait.until ? `; the next one may start ${ago(wait.until)}` : ''}`,
    budget: (wait) =>
        `the day's money is spent (${money(wait.spent_usd)} of ${money(wait.limit_usd)}); it goes on at midnight, UTC`,
    slot: (wait) => {
        const names = (wait.running ?? []).slice(0, 3).join(', ');
        return `all slots are taken${names && ` by ${names}`}${wait.running?.length > 3 ? ' and others' : ''}`;
    },
    no_daemon: (wait) => wait.message,
    degraded: (wait) => `the worker starts nothing: ${wait.message}`,
};

/** Why something waits, in one line. */
export const reason = (wait) => line(causes[wait.cause]?.(wait) ?? wait.cause);

/** The words of WaitCause as counts, such as "3 for a slot". */
const short = {
    dependency: 'for another task',
    not_before: 'for their time',
    retry: 'for another attempt',
    paused: 'while paused',
    circuit_open: 'for the circuit',
    usage_limit: 'for a usage limit',
    rate_limit: 'for the rate limit',
    budget: 'for money',
    slot: 'for a slot',
};
export const waiting = (counts) =>
    Object.entries(counts ?? {})
        .filter(([, number]) => number > 0)
        .map(([cause, number]) => `${count(number)} ${short[cause] ?? cause}`)
        .join(', ');

// SPDX-License-Identifier: Apache-2.0
// What is blocked or broken, worst first: decided here for the overview and the number beside it.

import { counted, line, money, now } from './text.js';

const order = ['bad', 'warn', 'calm'];

function* ofDaemon(worker) {
    const name = worker.worker;
    const start = `vigil worker ${name}`;
    if (worker.daemon === 'crashed' || worker.daemon === 'gone') {
        yield {
            level: 'bad',
            title: `${name} has ${worker.daemon === 'gone' ? 'gone' : 'crashed'}`,
            text: 'Its daemon went without a word. What its agents do is taken up when it is started again.',
            command: start,
        };
    } else if (worker.daemon === 'silent') {
        yield {
            level: 'bad',
            title: `${name} is silent`,
            text: `Its daemon lives, but has not said so for ${Math.round(worker.heartbeat_age_seconds)} s.`,
        };
    } else if (worker.daemon !== 'running' && worker.queued > 0) {
        yield {
            level: 'warn',
            title: `Nobody serves ${name}`,
            text: `${counted(worker.queued, 'task waits', 'tasks wait')} until it is started.`,
            command: start,
        };
    }
    if (worker.unattended.length > 0) {
        yield {
            level: 'warn',
            title: `${name}: ${counted(worker.unattended.length, 'task runs', 'tasks run')} unattended`,
            text: 'The agent goes on; its outcome is taken up when the daemon is started again.',
            tasks: worker.unattended,
        };
    }
    if (worker.interrupted.length > 0) {
        yield {
            level: 'warn',
            title: `${name}: ${counted(worker.interrupted.length, 'task was', 'tasks were')} cut off`,
            text: 'A crash has ended the attempt; it is made again when the daemon is started.',
            tasks: worker.interrupted,
        };
    }
}

function* ofState(worker) {
    const name = worker.worker;
    if (worker.daemon !== 'running' && worker.daemon !== 'silent') {
        return;
    }
    if (worker.circuit_breaker_state === 'open') {
        yield {
            level: 'bad',
            title: `The circuit of ${name} is open`,
            text: 'Too many attempts in a row have failed. One task is tried then; the others wait.',
            until: worker.circuit_open_until,
        };
    } else if (worker.circuit_breaker_state === 'half_open') {
        yield {
            level: 'warn',
            title: `The circuit of ${name} is half-open`,
            text: 'One task runs as a probe; the others wait for what comes of it.',
        };
    }
    for (const [what, message] of Object.entries(worker.problems ?? {})) {
        yield { level: 'bad', title: `${name}: ${what}`, text: line(message) };
    }
    if (worker.budget && worker.budget.spent_usd >= worker.budget.limit_usd) {
        yield {
            level: 'bad',
            title: `The day's money of ${name} is spent`,
            text: `${money(worker.budget.spent_usd)} of ${money(worker.budget.limit_usd)}; it goes on at midnight, UTC.`,
        };
    }
    if (worker.status === 'paused')
        yield {
            level: 'warn',
            title: `${name} is paused`,
            text: 'It starts nothing until it is resumed.',
            act: 'resume',
        };
    if (worker.status === 'draining')
        yield { level: 'warn', title: `${name} is draining`, text: 'It finishes what runs, and stops.' };
}

function* ofAccounts(workers) {
    const accounts = new Map();
    for (const worker of workers) {
        for (const [account, until] of Object.entries(worker.usage_limits ?? {})) {
            if (Date.parse(until) <= now()) continue;
            const known = accounts.get(account) ?? { until, workers: [], waiting: 0 };
            known.workers.push(worker.worker);
            known.waiting += worker.waiting.usage_limit ?? 0;
            if (Date.parse(until) > Date.parse(known.until)) known.until = until;
            accounts.set(account, known);
        }
    }
    for (const [account, { until, workers: names, waiting }] of accounts) {
        yield {
            level: 'warn',
            key: `limit-${account}`,
            title: `The usage limit of ${account} is reached`,
            text: `${counted(waiting, 'task waits', 'tasks wait')} for it (${names.join(', ')}); no attempt is charged.`,
            until,
        };
    }
}

/** Everything that keeps tasks from running, or needs somebody. */
export function problems(status) {
    const found = [];
    for (const worker of status.workers) {
        for (const problem of [...ofDaemon(worker), ...ofState(worker)]) {
            found.push({
                key: `${worker.worker}-${problem.title}`,
                worker: worker.worker,
                waiting: worker.waiting,
                ...problem,
            });
        }
    }
    found.push(...ofAccounts(status.workers));
    const letters = status.workers.reduce((sum, worker) => sum + worker.dead_letters, 0);
    if (letters > 0) {
        found.push({
            level: 'calm',
            key: 'letters',
            title: counted(letters, 'dead letter'),
            text: 'Tasks that were given up. Retry them, or remove them.',
            to: ['/dead-letters', 'Look at them'],
        });
    }
    return found.sort((one, other) => order.indexOf(one.level) - order.indexOf(other.level));
}

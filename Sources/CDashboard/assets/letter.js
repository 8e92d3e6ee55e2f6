// SPDX-License-Identifier: Apache-2.0
// One dead letter whole: why the task was given up, its attempts, and the task as it came.

import { get } from './api.js';
import { h } from './dom.js';
import { act, badge, block, empty, facts, heading, link, panel, part, since, table, taskLink } from './parts.js';
import { duration, line, plain } from './text.js';

export default {
    title: ({ file }) => `Dead letter ${plain(file)}`,

    fetch: async ({ worker, file }, signal) => ({
        letter: await get(`/dead-letters/${part(worker)}/${part(file)}`, { signal }),
    }),

    render({ letter }) {
        const data = { worker: letter.worker, file: letter.file, name: letter.task_id ?? letter.file };
        const rows = letter.attempts.map((attempt) => [
            String(attempt.number),
            [
                String(attempt.number),
                since(attempt.started_at),
                duration(attempt.duration_seconds),
                attempt.reason ? badge('bad', attempt.reason) : '',
                line(attempt.message ?? '', 400),
            ],
        ]);
        return [
            h('p', { class: 'crumbs' }, link('/dead-letters', 'Dead letters')),
            heading(
                [plain(letter.task_id ?? letter.file), badge('bad', letter.reason)],
                act('Retry', 'retry-letter', data, { key: 'r', kind: 'primary' }),
                act('Remove', 'remove-letter', data, { kind: 'danger' }),
            ),
            letter.error ? h('p', { class: 'sentence' }, line(letter.error, 600)) : null,
            panel(
                'About',
                {},
                facts([
                    ['Worker', letter.worker],
                    ['Task', letter.task_id ? taskLink(letter.task_id) : 'none: the file never was one'],
                    ['Given up', since(letter.timestamp)],
                    ['Retries', String(letter.retry_count)],
                    ['File', h('code', {}, line(letter.file))],
                    ['As it came', letter.raw_file ? h('code', {}, line(letter.raw_file)) : null],
                ]),
            ),
            panel(
                'Attempts',
                {},
                rows.length > 0
                    ? table('Attempts', ['Attempt', 'Started', '#Took', 'Reason', 'What happened'], rows)
                    : empty('None was made.'),
            ),
            letter.task ? panel('The task', {}, block(JSON.stringify(letter.task, null, 2), 'The task as JSON')) : null,
        ];
    },
};

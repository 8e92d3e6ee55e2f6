// SPDX-License-Identifier: Apache-2.0
// Which address leads to which view.

import { h } from './dom.js';
import groups from './groups.js';
import history from './history.js';
import letter from './letter.js';
import letters from './letters.js';
import overview from './overview.js';
import { heading, link } from './parts.js';
import settings from './settings.js';
import submit from './submit.js';
import task from './task.js';
import tasks from './tasks.js';
import workers from './workers.js';

const nothing = {
    title: () => 'Not found',
    render: () => [heading('Not found'), h('p', {}, 'There is no such view. ', link('/', 'Go to the overview'))],
};

/** Each view with its home, which is the first part of its addresses, and what belongs to it. */
export const views = [
    Object.assign(overview, { home: '/', label: 'Overview', mark: 'problems' }),
    Object.assign(tasks, { home: '/tasks', label: 'Tasks', parts: [task] }),
    Object.assign(workers, { home: '/workers', label: 'Workers' }),
    Object.assign(letters, { home: '/dead-letters', label: 'Dead letters', mark: 'letters', parts: [letter] }),
    Object.assign(groups, { home: '/groups', label: 'Groups' }),
    Object.assign(history, { home: '/history', label: 'History' }),
    Object.assign(submit, { home: '/submit', label: 'Submit' }),
    Object.assign(settings, { home: '/settings', label: 'Settings' }),
];

const depths = [
    [task, /^\/tasks\/([^/]+)$/, ['id']],
    [letter, /^\/dead-letters\/([^/]+)\/([^/]+)$/, ['worker', 'file']],
];

function decoded(text) {
    try {
        return decodeURIComponent(text);
    } catch {
        return text;
    }
}

/** The view and the route of an address. */
export function viewOf(hash) {
    const [path, query = ''] = (hash.replace(/^#/, '') || '/').split('?', 2);
    const route = { path, query: new URLSearchParams(query) };
    for (const [view, pattern, names] of depths) {
        const match = pattern.exec(path);
        if (match)
            return {
                view,
                route: Object.assign(
                    route,
                    Object.fromEntries(names.map((name, index) => [name, decoded(match[index + 1])])),
                ),
            };
    }
    const view = views.find(({ home }) => home === path.replace(/(.)\/$/, '$1'));
    return view ? { view, route } : { view: nothing, route };
}

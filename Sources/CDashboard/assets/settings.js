// SPDX-License-Identifier: Apache-2.0
// Every setting with its value and where that comes from, and how the page itself behaves.

import { get, may, me, path } from './api.js';
import { h } from './dom.js';
import { facts, heading, panel, select, since, table } from './parts.js';
import { line } from './text.js';

const workerOf = (route) => route.query.get('worker') ?? '';

function row(setting) {
    return [
        setting.name,
        [
            h('div', {}, h('code', {}, setting.name), h('div', { class: 'why muted' }, line(setting.summary, 300))),
            h(
                'code',
                { class: 'value' },
                setting.value === '' ? '\u2013' : line(setting.value, 300),
                setting.unit && setting.value !== '' ? ` ${setting.unit}` : '',
            ),
            h('span', { class: setting.source === 'default' ? 'muted' : '' }, line(setting.source_detail)),
            h('span', { class: 'muted' }, line(setting.range)),
        ],
    ];
}

function all(config) {
    const groups = Map.groupBy
        ? Map.groupBy(config.settings, ({ group }) => group)
        : new Map([['settings', config.settings]]);
    return [...groups].map(([group, settings]) =>
        panel(
            group[0].toUpperCase() + group.slice(1),
            {},
            table(`Settings: ${group}`, ['Setting', 'Value', '-From', '-Range'], settings.map(row)),
        ),
    );
}

export default {
    title: () => 'Settings',
    keepsPlace: true,

    fetch: async (route, signal) => ({
        config: may('admin') ? await get(path('/config', { worker: workerOf(route) }), { signal }) : null,
    }),

    render({ config, status }, route) {
        const caller = me();
        return [
            heading('Settings'),
            panel(
                'You',
                {},
                facts([
                    ['Name', line(caller.name)],
                    ['Scope', caller.scope],
                    ['Root', h('code', {}, line(status.root))],
                    ['Signed in until', caller.expires_at ? since(caller.expires_at) : null],
                ]),
            ),
            config === null
                ? h(
                      'p',
                      { class: 'notice' },
                      'The settings are shown to tokens with the scope admin: ',
                      h('code', {}, 'vigil token create NAME --scope admin'),
                  )
                : [
                      h(
                          'form',
                          { class: 'filters', 'aria-label': 'Filter', 'data-key': 'filters' },
                          select(
                              'worker',
                              'Of',
                              [['', 'everything'], ...status.workers.map(({ worker }) => [worker, worker])],
                              workerOf(route),
                          ),
                      ),
                      h(
                          'p',
                          { class: 'summary' },
                          'They are changed in vigil.json5 or in the environment; secrets are left out.',
                      ),
                      all(config),
                  ],
        ];
    },

    attach(main, own) {
        main.addEventListener(
            'change',
            (event) => {
                location.hash = path('/settings', { worker: event.target.value });
            },
            { signal: own.ended.signal },
        );
    },
};

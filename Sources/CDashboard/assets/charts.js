// SPDX-License-Identifier: Apache-2.0
// Draws how tasks ended over time. The shapes stretch with the page, so that words stand beside them and not in them.

import { h, s } from './dom.js';
import { count, counted, duration } from './text.js';

const [WIDTH, HEIGHT] = [1000, 100];
const kinds = ['completed', 'failed', 'cancelled'];

/** The smallest round number that is no less. */
function ceiling(value) {
    const power = 10 ** Math.floor(Math.log10(value));
    return [1, 1.2, 1.6, 2, 3, 4, 6, 8, 10].map((factor) => factor * power).find((round) => round >= value);
}

const day = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric' });
const minute = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });

function label(iso, span) {
    return (span > 2 * 86_400 ? day : minute).format(Date.parse(iso));
}

function grid() {
    return [0, 0.5, 1].map((share) =>
        s('line', { class: 'grid', x1: 0, x2: WIDTH, y1: HEIGHT * share, y2: HEIGHT * share }),
    );
}

/** A drawing with its scale at the left and the time below it. */
function frame(title, line, top, format, legend, shapes) {
    const span = line.step_seconds * line.steps.length;
    const marks = [0, Math.floor(line.steps.length / 3), Math.floor((line.steps.length * 2) / 3)].map(
        (index) => line.steps[index].from,
    );
    return h(
        'figure',
        { class: 'chart', 'data-key': title },
        h('figcaption', {}, h('span', {}, title), h('span', { class: 'legend' }, legend)),
        h(
            'div',
            { class: 'chart-body' },
            h(
                'div',
                { class: 'scale', 'aria-hidden': 'true' },
                [top, top / 2, 0].map((value) => h('span', {}, format(value))),
            ),
            shapes,
        ),
        h(
            'div',
            { class: 'times', 'aria-hidden': 'true' },
            marks.map((iso) => h('span', {}, label(iso, span))),
            h('span', {}, 'now'),
        ),
    );
}

const key = (kind, word) => h('span', { class: `key ${kind}` }, word);

/** How many tasks ended in each step, by state. */
export function throughput(line, title = 'Tasks ended') {
    const totals = line.steps.map((step) => kinds.reduce((sum, kind) => sum + step[kind], 0));
    const most = Math.max(...totals);
    // Halves of tasks are none.
    const top = most <= 10 ? Math.max(2, most + (most % 2)) : ceiling(most);
    const width = WIDTH / line.steps.length;
    const sums = kinds.map((kind) => line.steps.reduce((sum, step) => sum + step[kind], 0));
    const bars = line.steps.map((step, index) => {
        let from = HEIGHT;
        const stack = kinds
            .filter((kind) => step[kind] > 0)
            .map((kind) => {
                const height = (step[kind] / top) * HEIGHT;
                from -= height;
                return s('rect', {
                    class: kind,
                    x: (index * width + width * 0.12).toFixed(2),
                    y: from.toFixed(2),
                    width: (width * 0.76).toFixed(2),
                    height: height.toFixed(2),
                });
            });
        const words = kinds.map((kind) => `${count(step[kind])} ${kind}`).join(', ');
        return s(
            'g',
            {},
            s(
                'rect',
                { class: 'hit', x: index * width, y: 0, width, height: HEIGHT },
                s('title', {}, `${new Date(step.from).toLocaleString('en-GB')}: ${words}`),
            ),
            stack,
        );
    });
    const words = kinds.map((kind, index) => `${count(sums[index])} ${kind}`).join(', ');
    const said = `${title}: ${words}; at most ${counted(most, 'task')} in ${duration(line.step_seconds)}.`;
    return frame(
        title,
        line,
        top,
        (value) => count(value),
        kinds.map((kind, index) => key(kind, `${count(sums[index])} ${kind}`)),
        s(
            'svg',
            { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': said },
            grid(),
            bars,
        ),
    );
}

/** The parts of a curve between the steps that have a value. */
function curve(values, top, name) {
    const width = WIDTH / values.length;
    const points = values.map((value, index) =>
        value === null ? null : [(index + 0.5) * width, HEIGHT - (value / top) * HEIGHT],
    );
    const drawn = points
        .map((point, index) => {
            if (!point) return '';
            // A step alone is a short stroke.
            const isAlone = !points[index - 1] && !points[index + 1];
            if (isAlone)
                return `M${(point[0] - width * 0.4).toFixed(1)} ${point[1].toFixed(2)}h${(width * 0.8).toFixed(1)}`;
            return `${points[index - 1] ? 'L' : 'M'}${point[0].toFixed(1)} ${point[1].toFixed(2)}`;
        })
        .join('');
    return s('path', { class: `curve ${name}`, d: drawn || 'M0 0', 'vector-effect': 'non-scaling-stroke' });
}

/** How long tasks took: the middle, and what 95 of 100 stay below. */
export function latency(line, field, title) {
    const median = line.steps.map((step) => step[field]?.median ?? null);
    const high = line.steps.map((step) => step[field]?.p95 ?? null);
    const top = ceiling(Math.max(0.001, ...high.map((value) => value ?? 0)));
    const known = high.filter((value) => value !== null);
    const said = known.length
        ? `${title}: 95 of 100 took at most ${duration(Math.max(...known))} in the slowest step.`
        : `${title}: no task ended.`;
    const hits = line.steps.map((step, index) =>
        step[field]
            ? s(
                  'rect',
                  {
                      class: 'hit',
                      x: (index * WIDTH) / line.steps.length,
                      y: 0,
                      width: WIDTH / line.steps.length,
                      height: HEIGHT,
                  },
                  s(
                      'title',
                      {},
                      `${new Date(step.from).toLocaleString('en-GB')}: median ${duration(step[field].median)}, 95 % ${duration(step[field].p95)}`,
                  ),
              )
            : null,
    );
    return frame(
        title,
        line,
        top,
        duration,
        [key('median', 'median'), key('p95', '95 %')],
        s(
            'svg',
            { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': said },
            grid(),
            curve(high, top, 'p95'),
            curve(median, top, 'median'),
            hits,
        ),
    );
}

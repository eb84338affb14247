// What can be told without Prometheus and Chromium: units, variables, and that a run is like the other.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { filled } from './dashboard.js';
import { END } from './history/day.js';
import { phase, simulate } from './history/world.js';
import { text } from './page/units.js';

test('numbers are written as Grafana writes them', () => {
    // What getValueFormat of @grafana/data 13.2.3 gives.
    const expected = {
        s: [
            [0, '0 s'],
            [0.0005, '500 µs'],
            [0.0117, '11.7 ms'],
            [0.5, '500 ms'],
            [1, '1 s'],
            [12.34, '12.3 s'],
            [60, '1 min'],
            [150, '2.50 mins'],
            [3725.4, '1.03 hours'],
            [90061, '1.04 days'],
            [4406400, '7.29 weeks'],
            [2.5e9, '79.2 years'],
        ],
        short: [
            [0, '0'],
            [0.05, '0.0500'],
            [100, '100'],
            [1000, '1 K'],
            [12345678, '12.3 Mil'],
        ],
        currencyUSD: [
            [0, '$0'],
            [0.7032, '$0.703'],
            [51.8606, '$51.9'],
            [1234, '$1.23K'],
        ],
        percentunit: [
            [0, '0%'],
            [0.0117, '1.17%'],
            [0.05, '5%'],
            [0.7032, '70.3%'],
            [1, '100%'],
        ],
        reqps: [
            [0, '0 req/s'],
            [0.0117, '0.0117 req/s'],
            [1234, '1.23K req/s'],
        ],
    };
    for (const [unit, cases] of Object.entries(expected)) {
        for (const [value, written] of cases) assert.equal(text(value, unit), written, unit);
    }
    assert.throws(() => text(1, 'furlongs'), /furlongs/);
});

test('variables are put in, references of a regular expression are not', () => {
    const expression =
        'label_replace(sum by ($by) (rate(x{a=~"$namespace"}[$__rate_interval])), "v", "$1", "${by}", "(.+)")';
    const variables = { by: 'label_team', namespace: '.*', __rate_interval: '240s' };
    const expected = 'label_replace(sum by (label_team) (rate(x{a=~".*"}[240s])), "v", "$1", "label_team", "(.+)")';
    assert.equal(filled(expression, variables), expected);
    assert.throws(() => filled('x[$__range]', variables), /\$__range is not known/);
});

test('two runs simulate the same day, in which there is something to see', () => {
    const seen = () => simulate().tasks;
    const tasks = seen();
    assert.deepEqual(seen(), tasks);
    const now = new Set(tasks.map((task) => phase(task, END)));
    for (const expected of [undefined, 'Waiting', 'Running', 'Succeeded', 'Failed'])
        assert.ok(now.has(expected), expected);
    const teams = new Set(tasks.map((task) => task.team));
    assert.deepEqual([...teams].map(String).sort(), ['backend', 'checkout', 'payments', 'undefined']);
    assert.ok(tasks.some((task) => task.unanswered));
});

// The three kinds of panels that the dashboard has: a value, bars, and lines over time.

import uPlot from '/uplot/uPlot.esm.js';

import { text } from './units.js';

/** Grafana's classic palette in its dark theme, and colors that thresholds name. */
const PALETTE = [
    '#73bf69',
    '#f2cc0c',
    '#5794f2',
    '#ff9830',
    '#f2495c',
    '#b877d9',
    '#37872d',
    '#e0b400',
    '#1f60c4',
    '#fa6400',
    '#c4162a',
    '#8f3bb8',
];
const NAMED = {
    text: '#d3d4da',
    green: '#73bf69',
    yellow: '#fade2a',
    orange: '#ff9830',
    red: '#f2495c',
    blue: '#5794f2',
    purple: '#b877d9',
};
/** From the least to the most. */
const CONTINUOUS = {
    'continuous-BlPu': ['blue', 'purple'],
    'continuous-GrYlRd': ['green', 'yellow', 'red'],
};
const FAINT = '#9fa1aa';
const FONT = '12px Inter, "DejaVu Sans", sans-serif';

const last = ({ points }) => (points.length === 0 ? undefined : points[points.length - 1][1]);

function add(parent, tag, classes, words) {
    const node = document.createElement(tag);
    if (classes) node.className = classes;
    if (words !== undefined) node.textContent = words;
    parent.append(node);
    return node;
}

/** One value, in the color of the threshold that it has reached, and as large as there is room for it. */
export function value(body, { series, fieldConfig: { defaults } }) {
    const number = series.map(last).find((it) => it !== undefined);
    const node = add(body, 'div', 'value', number === undefined ? defaults.noValue : text(number, defaults.unit));
    node.style.color = reached(defaults, number ?? 0);
    const room = Math.min(1, (body.clientWidth - 20) / node.scrollWidth);
    node.style.fontSize = `${Math.floor(room * parseFloat(getComputedStyle(node).fontSize))}px`;
}

function reached({ thresholds }, number) {
    const steps = thresholds.steps.filter((step) => step.value === null || number >= step.value);
    return NAMED[steps[steps.length - 1].color];
}

/** A bar for each series. */
export function bars(body, { series, fieldConfig: { defaults } }) {
    const max = defaults.max ?? Math.max(...series.map(last));
    const box = add(body, 'div', 'bars');
    for (const one of series) {
        const part = max > 0 ? Math.min(last(one) / max, 1) : 0;
        const color =
            defaults.color.mode === 'thresholds' ? reached(defaults, last(one)) : between(defaults.color.mode, part);
        add(box, 'div', 'name', one.name);
        const bar = add(add(box, 'div', 'track'), 'div', 'bar');
        Object.assign(bar.style, { width: `${part * 100}%`, background: color });
        add(box, 'div', 'amount', text(last(one), defaults.unit)).style.color = color;
    }
}

/** The color of a part, from 0 to 1, of a scale of colors. */
function between(mode, part) {
    const colors = CONTINUOUS[mode];
    if (colors === undefined) throw new Error(`the colors ${mode} are not drawn yet`);
    const place = part * (colors.length - 1);
    const i = Math.min(Math.floor(place), colors.length - 2);
    return `color-mix(in srgb, ${NAMED[colors[i + 1]]} ${Math.round((place - i) * 100)}%, ${NAMED[colors[i]]})`;
}

/** Lines over time, on top of each other where the panel says so, with a legend. */
export function lines(body, panel, range) {
    const { defaults } = panel.fieldConfig;
    body.classList.add(panel.options.legend.placement);
    const chart = add(body, 'div', 'chart');
    const colored = panel.series.map((one, i) => ({ ...one, color: colorOf(panel, one.name, i) }));
    if (panel.options.legend.showLegend) legend(body, panel, colored);
    const stacked = defaults.custom.stacking.mode === 'normal';
    const data = table(colored, stacked, times(panel.step, range), missing(defaults.custom.spanNulls));
    const options = {
        width: chart.clientWidth,
        height: chart.clientHeight,
        padding: [6, 20, 0, 0],
        legend: { show: false },
        cursor: { show: false },
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'UTC'),
        scales: {
            x: { range: () => [range.start, range.end] },
            y: { range: (_, low, high) => extent(defaults, low, high) },
        },
        axes: [timeAxis(), valueAxis(data.slice(1), defaults)],
        series: [{}, ...colored.map(({ color }) => line(color, defaults.custom))],
        // The area of a series ends where that below it begins.
        bands: stacked ? colored.slice(1).map((_, i) => ({ series: [i + 2, i + 1] })) : [],
    };
    new uPlot(options, data, chart);
}

/** An override of the panel for a name, or the next color of the palette. */
function colorOf(panel, name, i) {
    const overrides = panel.fieldConfig.overrides.filter(
        ({ matcher }) => matcher.id === 'byName' && matcher.options === name,
    );
    const color = overrides.flatMap(({ properties }) => properties).find(({ id }) => id === 'color');
    return color === undefined
        ? PALETTE[i % PALETTE.length]
        : (NAMED[color.value.fixedColor] ?? color.value.fixedColor);
}

function line(color, { drawStyle, lineWidth, fillOpacity }) {
    const alpha = Math.round((fillOpacity / 100) * 255)
        .toString(16)
        .padStart(2, '0');
    const bars = drawStyle === 'bars' ? { paths: uPlot.paths.bars({ size: [0.8] }) } : {};
    // A little wider than Grafana's: the picture is scaled down in a page.
    return {
        stroke: lineWidth > 0 ? color : undefined,
        width: lineWidth * 1.5,
        fill: fillOpacity > 0 ? color + alpha : undefined,
        points: { show: false },
        ...bars,
    };
}

/** All that Prometheus was asked for. */
function times(step, { start, end }) {
    const all = [];
    for (let time = Math.floor(start / step) * step; time <= end; time += step) all.push(time);
    return all;
}

/** What uPlot is given where a series has no value: null is a gap in its line, undefined is none. */
function missing(spanNulls = false) {
    if (typeof spanNulls === 'boolean') return spanNulls ? () => undefined : () => null;
    return (seconds) => (seconds * 1000 <= spanNulls ? undefined : null);
}

/** The times, and a column for each series. `absent` is asked what to put into a gap of so many seconds. */
function table(series, stacked, times, absent) {
    const below = times.map(() => 0);
    const columns = series.map(({ points }) => {
        const known = new Map(points);
        return times.map((time, i) => {
            if (!known.has(time)) return absent(gap(points, time));
            if (!stacked) return known.get(time);
            below[i] += known.get(time);
            return below[i];
        });
    });
    return [times, ...columns];
}

/** How long the gap is that a time lies in. */
function gap(points, time) {
    const next = points.findIndex(([other]) => other > time);
    return next > 0 ? points[next][0] - points[next - 1][0] : Infinity;
}

function extent({ min, max }, low, high) {
    const top = high ?? 1;
    const bottom = min ?? low ?? 0;
    return [bottom, max ?? (top > bottom ? top + (top - bottom) * 0.05 : bottom + 1)];
}

const axis = {
    stroke: FAINT,
    font: FONT,
    grid: { stroke: '#2b2e34', width: 1 },
    ticks: { show: false },
    border: { show: false },
};

function timeAxis() {
    const clock = (seconds) => new Date(seconds * 1000).toISOString().slice(11, 16);
    return { ...axis, size: 28, space: 44, incrs: [7200, 10800, 14400, 21600], values: (_, ticks) => ticks.map(clock) };
}

function valueAxis(columns, { unit }) {
    const size = (_, labels) => 14 + Math.max(0, ...(labels ?? []).map((label) => (label ?? '').length)) * 6.5;
    const whole = unit === 'short' && columns.flat().every((it) => it == null || Number.isInteger(it));
    return {
        ...axis,
        size,
        space: 36,
        values: (_, ticks) => ticks.map((tick) => (whole && !Number.isInteger(tick) ? '' : text(tick, unit))),
    };
}

/** Names and last values, in the order that the panel says. Where there are too many, Grafana has one scroll. */
function legend(body, { options, fieldConfig: { defaults } }, series) {
    const node = add(body, 'div', 'legend');
    const hasValues = options.legend.displayMode === 'table' && options.legend.calcs.includes('lastNotNull');
    if (hasValues) add(node, 'div', 'head', options.legend.sortBy ? 'Last * \u2304' : 'Last *');
    const sign = options.legend.sortDesc ? -1 : 1;
    const sorted = series.toSorted((one, other) => sign * ((last(one) ?? 0) - (last(other) ?? 0)));
    for (const one of options.legend.sortBy ? sorted : series) {
        const name = add(node, 'div', 'name');
        add(name, 'i').style.background = one.color;
        name.append(one.name);
        if (hasValues) add(node, 'div', 'last', last(one) === undefined ? '' : text(last(one), defaults.unit));
    }
}

// Draws each panel of the dashboard into its place in the grid. What it draws is in /answers.json.

import { bars, lines, value } from './panels.js';

const DRAWN_BY = { stat: value, bargauge: bars, timeseries: lines };

function element(tag, classes, text) {
    const made = document.createElement(tag);
    if (classes) made.className = classes;
    if (text !== undefined) made.textContent = text;
    return made;
}

function place(node, { x, y, w, h }) {
    node.style.gridColumn = `${x + 1} / span ${w}`;
    node.style.gridRow = `${y + 1} / span ${h}`;
    document.querySelector('main').append(node);
}

function draw(panel, range) {
    if (panel.type === 'row') return place(element('div', 'row', panel.title), panel.gridPos);
    const node = element('section', 'panel');
    const body = element('div', 'body');
    node.append(element('h2', '', panel.title), body);
    place(node, panel.gridPos);
    const hasValue = panel.series.some(({ points }) => points.length > 0);
    if (!hasValue && panel.fieldConfig.defaults.noValue === undefined)
        return body.append(element('div', 'none', 'No data'));
    DRAWN_BY[panel.type](body, panel, range);
}

const { title, variables, time, range, panels } = await (await fetch('/answers.json')).json();
await Promise.all(['400 13px Inter', '500 13px Inter'].map((font) => document.fonts.load(font)));
document.querySelector('h1').textContent = title;
for (const { label, text } of variables) {
    const node = element('div', 'variable');
    node.append(element('span', '', label), element('span', '', text));
    document.querySelector('#variables').append(node);
}
document.querySelector('#time').textContent = time;
for (const panel of panels) draw(panel, range);
document.documentElement.dataset.drawn = 'true';

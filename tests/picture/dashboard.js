// From the dashboard's JSON to what is to be drawn: asks the targets of each panel as Grafana does.

/** What the page can draw. */
const DRAWN = ['row', 'stat', 'bargauge', 'timeseries'];
/** Seconds, and what Grafana makes of an interval that is shorter: a number of points fits into a panel's width. */
const INTERVALS = [
    [15, 10],
    [22.5, 20],
    [45, 30],
    [90, 60],
    [210, 120],
    [450, 300],
    [750, 600],
    [1050, 900],
    [1500, 1200],
    [2700, 1800],
    [5400, 3600],
];

/**
 * Panels as the page takes them. `range` has `start`, `end` and `scrape`, the interval of scrapes that the data source
 * of Grafana is told; `variables` what the dashboard's variables stand for; `width` the page's, in pixels.
 */
export async function answered(dashboard, prometheus, range, variables, width) {
    const panels = [];
    for (const panel of dashboard.panels) {
        if (!DRAWN.includes(panel.type)) throw new Error(`${panel.title}: a ${panel.type} is not drawn yet`);
        const step = stepOf(panel, range, width);
        const series = [];
        for (const target of panel.targets ?? []) {
            const asked = await ask(panel, target, prometheus, { ...range, step }, variables);
            series.push(...asked.map(({ labels, points }) => ({ name: legend(target.legendFormat, labels), points })));
        }
        panels.push({
            ...panel,
            step,
            series: series.map((it) => ({ ...it, points: it.points.filter(([, value]) => Number.isFinite(value)) })),
        });
    }
    return panels;
}

/** Titles of panels that would show nothing: no series, or none with a value. */
export function empty(panels) {
    const shown = panels.filter((panel) => panel.type !== 'row');
    return shown.filter((panel) => panel.series.every(({ points }) => points.length === 0)).map((panel) => panel.title);
}

const aligned = (time, step) => Math.floor(time / step) * step;

/** How many seconds lie between two points of a panel. */
function stepOf(panel, { start, end, scrape }, width) {
    const points = (width * panel.gridPos.w) / 24;
    return Math.max(rounded((end - start) / points), scrape);
}

async function ask(panel, target, prometheus, { start, end, scrape, step }, variables) {
    const all = {
        ...variables,
        __range: `${end - start}s`,
        __range_s: end - start,
        __interval: `${step}s`,
        // Wide enough for two samples, whatever the zoom.
        __rate_interval: `${Math.max(step + scrape, 4 * scrape)}s`,
    };
    const query = filled(target.expr, all);
    try {
        if (target.instant) return await prometheus.at(query, end);
        return await prometheus.over(query, { start: aligned(start, step), end: aligned(end, step), step });
    } catch (error) {
        throw new Error(`${panel.title}: ${error.message}`);
    }
}

function rounded(seconds) {
    const fitting = INTERVALS.find(([limit]) => seconds < limit);
    if (fitting === undefined) throw new Error('a picture of more than some days is not drawn');
    return fitting[1];
}

/** `$name` and `${name}` are variables; `$1` is none. */
export function filled(expression, variables) {
    return expression.replace(/\$(?:\{([a-z_]\w*)\}|([a-z_]\w*))/gi, (all, braced, plain) => {
        const name = braced ?? plain;
        if (variables[name] === undefined) throw new Error(`the variable ${all} is not known, in: ${expression}`);
        return variables[name];
    });
}

function legend(format, labels) {
    if (format) return format.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name) => labels[name] ?? '');
    return Object.entries(labels)
        .map(([key, value]) => `${key}="${value}"`)
        .join(', ');
}

// Writes numbers as Grafana writes them in the units that the dashboard has: three digits, and a scale that fits.

/** From which size on, what it is divided by, and what is written then; the last that fits counts. */
const SECONDS = [
    [0, 1e-6, ' µs'],
    [1e-3, 1e-3, ' ms'],
    [1, 1, ' s'],
    [60, 60, ' mins'],
    [3600, 3600, ' hours'],
    [86400, 86400, ' days'],
    [604800, 604800, ' weeks'],
    [31536000, 31556900, ' years'],
];
const scales = (names) => names.map((name, i) => [i === 0 ? 0 : 1000 ** i, 1000 ** i, name]);

const UNITS = {
    s: { scales: SECONDS },
    short: { scales: scales(['', ' K', ' Mil', ' Bil']) },
    reqps: { scales: scales(['', 'K', 'M', 'B']), after: ' req/s' },
    reqpm: { scales: scales(['', 'K', 'M', 'B']), after: ' req/min' },
    currencyUSD: { before: '$', scales: scales(['', 'K', 'M', 'B']) },
    percentunit: { scales: [[0, 0.01, '%']] },
};

/** The text of a value in a unit. */
export function text(value, unit = 'short') {
    const known = UNITS[unit];
    if (known === undefined) throw new Error(`the unit ${unit} is not drawn yet`);
    const { before = '', after = '' } = known;
    if (value === 0) return `${before}0${unit === 's' ? ' s' : known.scales[0][2]}${after}`;
    const fitting = known.scales.filter(([from]) => Math.abs(value) >= from);
    const [, size, name] = fitting[fitting.length - 1];
    const number = digits(value / size);
    return `${before}${number}${number === '1' ? name.replace(/(min|hour|day|week|year)s$/, '$1') : name}${after}`;
}

/** Whole numbers as they are, others with three digits that count. */
function digits(value) {
    const near = Number(value.toPrecision(12));
    if (Number.isInteger(near)) return String(near);
    return near.toFixed(Math.max(0, 2 - Math.floor(Math.log10(Math.abs(near)))));
}

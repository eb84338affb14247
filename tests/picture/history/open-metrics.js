// Writes series as OpenMetrics text, one family after the other, with the time of each sample.

import { createWriteStream } from 'node:fs';
import { once } from 'node:events';

/** The text of a number, as Go and Prometheus read it. */
const number = (value) => (Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : 'NaN');

const escaped = (text) => String(text).replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n');

/** A file of OpenMetrics text. It can be a gigabyte: nothing of it is kept in memory. */
export class OpenMetrics {
    #stream;
    #moments;
    samples = 0;
    series = 0;

    /** `moments`: when Prometheus scrapes, in Unix seconds. */
    constructor(path, moments) {
        this.#stream = createWriteStream(path, { highWaterMark: 1 << 22 });
        this.#moments = moments.map((time) => ({ time, text: ` ${time}\n` }));
    }

    /** Begins a family; in OpenMetrics the name of a counter has no `_total` here. */
    family(name, type) {
        this.#stream.write(`# TYPE ${name} ${type}\n`);
    }

    /**
     * A series: `value` is asked for each moment from `from` until before `until`; undefined is no sample. Labels that
     * are undefined are left out.
     */
    async write(name, labels, value, { from = -Infinity, until = Infinity } = {}) {
        const pairs = Object.entries(labels).filter(([, text]) => text !== undefined);
        const start = `${name}{${pairs.map(([key, text]) => `${key}="${escaped(text)}"`).join(',')}} `;
        const lines = [];
        for (const { time, text } of this.#moments) {
            if (time < from || time >= until) continue;
            const sample = typeof value === 'function' ? value(time) : value;
            if (sample !== undefined) lines.push(start, number(sample), text);
        }
        if (lines.length === 0) return;
        this.series += 1;
        this.samples += lines.length / 3;
        if (!this.#stream.write(lines.join(''))) await once(this.#stream, 'drain');
    }

    async end() {
        this.#stream.end('# EOF\n');
        await once(this.#stream, 'finish');
    }
}

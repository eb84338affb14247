// Writes the simulated day as OpenMetrics text: `node history.js FILE`.

import { pathToFileURL } from 'node:url';

import { scrapes } from './history/day.js';
import { writeKelos } from './history/kelos.js';
import { OpenMetrics } from './history/open-metrics.js';
import { writeWebhook } from './history/webhook.js';
import { simulate } from './history/world.js';

/** Writes it to a file, and returns how much that is. */
export async function writeHistory(path) {
    const world = simulate();
    const text = new OpenMetrics(path, scrapes());
    await writeKelos(text, world);
    await writeWebhook(text, world);
    await text.end();
    return { tasks: world.tasks.length, series: text.series, samples: text.samples };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
    const [path] = process.argv.slice(2);
    if (path === undefined) throw new Error('name the file to write: node history.js FILE');
    const { tasks, series, samples } = await writeHistory(path);
    console.log(`${path}: ${samples} samples of ${series} series, of ${tasks} Tasks`);
}

// Draws the dashboard as it would show a simulated day, into docs/dashboard.png: `node picture.js [DASHBOARD [PNG]]`.
// KEEP=FOLDER keeps what lies between, so that a second run is some seconds long.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { photograph } from './chromium.js';
import { answered, empty } from './dashboard.js';
import { END, SCRAPE_INTERVAL, START } from './history/day.js';
import { writeHistory } from './history.js';
import { Prometheus, createBlocks } from './prometheus.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** A laptop's page, in the pixels of the picture 1600 wide: that is legible when a page of docs scales it down. */
const SIZE = { width: 1280, scale: 1.25 };
/** Panels that show nothing in the simulated day. */
const EXPECTED_EMPTY = [];

const [
    source = join(ROOT, 'charts/kelos-metadata/monitoring/dashboard.json'),
    target = join(ROOT, 'docs/dashboard.png'),
] = process.argv.slice(2);

/** A program of the PATH, or where `make prometheus` puts it. */
function program(name) {
    const folders = [...(process.env.PATH ?? '').split(delimiter), join(ROOT, '.tools/prometheus')];
    const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
    if (found === undefined) throw new Error(`there is no ${name}: \`make prometheus\` fetches it`);
    return found;
}

/** The simulated day, as Prometheus stores it. */
async function storage(folder) {
    const blocks = join(folder, 'blocks');
    if (existsSync(blocks)) return blocks;
    const history = join(folder, 'history.txt');
    const { tasks, series, samples } = await writeHistory(history);
    console.log(`simulated ${tasks} Tasks: ${samples} samples of ${series} series`);
    const unfinished = join(folder, 'unfinished');
    await rm(unfinished, { recursive: true, force: true });
    await createBlocks(program('promtool'), history, unfinished);
    await rename(unfinished, blocks);
    await rm(history);
    return blocks;
}

/** What the page draws. */
async function answers(dashboard, prometheus) {
    const range = { start: START, end: END, scrape: SCRAPE_INTERVAL };
    const namespaces = await prometheus.labelValues('namespace', 'kelos_task_labels', range);
    if (namespaces.length === 0) throw new Error('Prometheus knows no Tasks: is the storage of another day?');
    const known = { by: 'label_team', namespace: '.*' };
    const shown = { datasource: 'Prometheus', by: 'team', namespace: 'All' };
    const panels = await answered(dashboard, prometheus, range, known, SIZE.width);
    const variables = dashboard.templating.list.map(({ name, label }) => ({ label, text: shown[name] }));
    const clock = (time) => new Date(time * 1000).toISOString().slice(0, 16).replace('T', ' ');
    return { title: dashboard.title, variables, time: `${clock(START)} to ${clock(END)} UTC`, range, panels };
}

/** With a palette of 256 colors, which is less than half as large and looks the same. */
function quantized(png) {
    const { status, stdout, error } = spawnSync('pngquant', ['--speed=1', '--strip', '-'], {
        input: png,
        maxBuffer: 1 << 26,
    });
    if (error?.code === 'ENOENT') throw new Error('there is no pngquant: install it (Debian: pngquant)');
    if (status !== 0) throw new Error(`pngquant ended with ${status}`);
    return stdout;
}

async function run(folder) {
    const dashboard = JSON.parse(await readFile(source, 'utf8'));
    const prometheus = await Prometheus.start(program('prometheus'), await storage(folder), folder);
    let drawn;
    try {
        drawn = await answers(dashboard, prometheus);
    } finally {
        await prometheus.stop();
    }
    const missing = empty(drawn.panels).filter((title) => !EXPECTED_EMPTY.includes(title));
    const { png, cut } = await photograph(drawn, SIZE);
    const small = quantized(png);
    await writeFile(target, small);
    console.log(`${target}: ${Math.round(small.length / 1024)} KiB`);
    if (cut.length > 0) console.log(`cut off: ${cut.join(', ')}`);
    if (missing.length > 0) throw new Error(`no data: ${missing.join(', ')}`);
}

const kept = process.env.KEEP;
const folder = kept ?? (await mkdtemp(join(tmpdir(), 'picture-')));
await mkdir(folder, { recursive: true });
try {
    await run(folder);
} catch (error) {
    console.error(error.message);
    process.exitCode = 1;
} finally {
    if (kept === undefined) await rm(folder, { recursive: true, force: true });
}

// The real Prometheus, with the simulated day as its storage, on loopback and a port of the system.

import { execFile, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

/** Makes blocks of a file of OpenMetrics text. In blocks of more than two hours it reads the file less often. */
export async function createBlocks(promtool, history, storage) {
    const how = ['tsdb', 'create-blocks-from', '--quiet', '--max-block-duration=24h', 'openmetrics', history, storage];
    await promisify(execFile)(promtool, how);
}

/** A running Prometheus; `stop` takes it down. */
export class Prometheus {
    #process;
    #address;

    static async start(program, storage, folder) {
        const config = join(folder, 'prometheus.yml');
        await writeFile(config, 'scrape_configs: []\n');
        const it = new Prometheus();
        it.#process = spawn(
            program,
            [
                `--config.file=${config}`,
                `--storage.tsdb.path=${storage}`,
                // The day is not today.
                '--storage.tsdb.retention.time=100y',
                '--web.listen-address=127.0.0.1:0',
                // Text has no mark for a series that has ended, as a scrape leaves one: it ends after a missed sample.
                '--query.lookback-delta=90s',
                '--log.format=json',
            ],
            { stdio: ['ignore', 'ignore', 'pipe'] },
        );
        try {
            it.#address = await listening(it.#process);
            await it.#ready();
        } catch (error) {
            await it.stop();
            throw error;
        }
        return it;
    }

    async stop() {
        const { pid, exitCode, signalCode } = this.#process;
        if (pid === undefined || exitCode !== null || signalCode !== null) return;
        const ended = new Promise((resolve) => this.#process.once('exit', resolve));
        this.#process.kill('SIGTERM');
        await ended;
    }

    /** What a query gives at one moment, as `[{labels, points: [[time, value]]}]`. */
    async at(query, time) {
        const answer = await this.#ask('query', { query, time });
        return answer.map(({ metric, value }) => ({ labels: metric, points: [parsed(value)] }));
    }

    /** What it gives from one moment to another. */
    async over(query, { start, end, step }) {
        const answer = await this.#ask('query_range', { query, start, end, step });
        return answer.map(({ metric, values }) => ({ labels: metric, points: values.map(parsed) }));
    }

    /** The values that a label of a series has. */
    async labelValues(label, series, { start, end }) {
        const address = `http://${this.#address}/api/v1/label/${label}/values?`;
        const response = await fetch(address + new URLSearchParams({ 'match[]': series, start, end }));
        return (await response.json()).data;
    }

    async #ask(what, parameters) {
        const response = await fetch(`http://${this.#address}/api/v1/${what}`, {
            method: 'POST',
            body: new URLSearchParams(parameters),
        });
        const answer = await response.json();
        if (answer.status !== 'success') throw new Error(`${answer.error}, in: ${parameters.query}`);
        return answer.data.result;
    }

    async #ready() {
        for (let tries = 0; tries < 300; tries++) {
            const response = await fetch(`http://${this.#address}/-/ready`).catch(() => undefined);
            if (response?.ok) return;
            await new Promise((resolve) => setTimeout(resolve, 100));
        }
        throw new Error('Prometheus does not become ready');
    }
}

const parsed = ([time, value]) => [time, Number(value)];

/** Waits until it says where it listens. */
function listening(program) {
    return new Promise((resolve, reject) => {
        const lines = [];
        createInterface({ input: program.stderr }).on('line', (text) => {
            lines.push(text);
            const line = text.startsWith('{') ? JSON.parse(text) : {};
            if (line.msg === 'Listening on') resolve(line.address);
        });
        program.once('error', reject);
        program.once('exit', (code) => reject(new Error(`Prometheus ended with ${code}:\n${lines.join('\n')}`)));
    });
}

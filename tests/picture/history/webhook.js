// The series of the webhook's own metrics (docs/metrics.md) from two replicas, and the API server's count of requests
// that it went on with unanswered.

import { DAY, DRAINED, END, HOUR, MISTAKE, during } from './day.js';
import { Random } from './random.js';

const RESOURCES = ['task', 'taskspawner', 'sessionspawner'];
const OUTCOMES = [
    'patched unchanged skipped no_owner unknown_owner disabled audited not_a_task warned not_a_spawner',
    'not_understood oversized bad_request too_large unavailable overloaded abandoned panic',
].flatMap((line) => line.split(' '));
const KINDS = ['label', 'annotation', 'pod_label', 'node_selector'];
const KEY_OUTCOMES = [
    'applied repaired defaulted parse_error missing_variable render_error limit_exceeded invalid_key',
    'invalid_value not_allowed protected too_large existing unsupported omitted',
].flatMap((line) => line.split(' '));
const BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3];
const WATCHES = ['taskspawners', 'workspaces', 'workerpools', 'namespaces'];
const LOOKUPS = ['found', 'not_found', 'remembered', 'timed_out', 'failed'];

/** One of two replicas was replaced when its node was drained; its counters begin at zero again. */
const REPLICAS = [
    { pod: 'kelos-metadata-6d5f9c7b8-4xk2p', from: -Infinity, until: Infinity },
    { pod: 'kelos-metadata-6d5f9c7b8-9wq7d', from: -Infinity, until: DRAINED.from },
    { pod: 'kelos-metadata-6d5f9c7b8-h8v5t', from: DRAINED.until, until: Infinity },
];

export async function writeWebhook(text, world) {
    const answered = requests(world).sort((one, other) => one.time - other.time);
    for (const replica of REPLICAS) replica.requests = [];
    for (const request of answered) {
        const there = REPLICAS.filter((it) => it.from <= request.time && request.time < it.until);
        request.random.pick(there).requests.push(request);
    }
    await writeAdmissions(text);
    await writeDurations(text);
    await writeKeys(text);
    await writeState(text, world);
    await writeApiServer(text, world);
}

/** What the API server asked: about each new Task, and about TaskSpawners that were changed. */
function requests({ tasks, spawners }) {
    const random = new Random('requests');
    const took = () => random.around(0.0011, 0.7);
    const about = tasks
        .filter((task) => !task.unanswered)
        .map((task) => ({
            time: task.created,
            resource: 'task',
            outcome:
                task.spawner === undefined ? 'no_owner' : task.skipped.includes('parse_error') ? 'skipped' : 'patched',
            keys: task.spawner === undefined ? [] : ['applied', 'applied', ...task.skipped],
            seconds: took(),
            random,
        }));
    for (const spawner of spawners.filter((it) => it.name !== undefined)) {
        for (let time = END - 2 * DAY; time < END; time += HOUR * random.between(2, 9)) {
            about.push({ time, resource: 'taskspawner', outcome: 'unchanged', keys: [], seconds: took(), random });
        }
    }
    about.push({ time: MISTAKE, resource: 'taskspawner', outcome: 'warned', keys: [], seconds: took(), random });
    return about;
}

/** A series of each replica while it is there: `value` is asked with the replica and the time. */
async function each(text, name, labels, value) {
    for (const replica of REPLICAS) {
        const all = { ...labels, job: 'kelos-metadata', namespace: 'kelos-metadata', pod: replica.pod };
        await text.write(name, all, (time) => value(replica, time), replica);
    }
}

/** How many requests of a replica there were up to a moment, that `counts` counts. */
function counter(counts) {
    const known = new Map();
    return (replica, time) => {
        if (!known.has(replica)) known.set(replica, { next: 0, total: 0 });
        const state = known.get(replica);
        for (; state.next < replica.requests.length && replica.requests[state.next].time <= time; state.next++) {
            state.total += counts(replica.requests[state.next]);
        }
        return state.total;
    };
}

async function writeAdmissions(text) {
    text.family('kelos_metadata_admissions', 'counter');
    for (const resource of RESOURCES) {
        for (const outcome of OUTCOMES) {
            const counts = (request) => Number(request.resource === resource && request.outcome === outcome);
            await each(text, 'kelos_metadata_admissions_total', { resource, outcome }, counter(counts));
        }
    }
}

async function writeDurations(text) {
    const name = 'kelos_metadata_admission_duration_seconds';
    text.family(name, 'histogram');
    for (const resource of RESOURCES) {
        const of = (counts) => counter((request) => (request.resource === resource ? counts(request) : 0));
        for (const le of [...BUCKETS, '+Inf']) {
            const within = (request) => Number(le === '+Inf' || request.seconds <= le);
            await each(text, `${name}_bucket`, { resource, le: Number.isInteger(le) ? `${le}.0` : le }, of(within));
        }
        await each(
            text,
            `${name}_sum`,
            { resource },
            of((request) => request.seconds),
        );
        await each(
            text,
            `${name}_count`,
            { resource },
            of(() => 1),
        );
    }
}

async function writeKeys(text) {
    text.family('kelos_metadata_keys', 'counter');
    for (const kind of KINDS) {
        for (const outcome of KEY_OUTCOMES) {
            const counts = (request) => (kind === 'label' ? request.keys.filter((key) => key === outcome).length : 0);
            await each(text, 'kelos_metadata_keys_total', { resource: 'task', kind, outcome }, counter(counts));
        }
    }
}

/** What the webhook knows, and how old that is. */
async function writeState(text, { spawners }) {
    const gauge = async (name, labels, value) => {
        text.family(name, 'gauge');
        await each(text, name, labels, value);
    };
    await gauge('kelos_metadata_spawners', { kind: 'taskspawners' }, () => spawners.length - 1);
    await gauge('kelos_metadata_invalid_templates', {}, (_, time) => Number(time >= MISTAKE));
    await gauge('kelos_metadata_rules_bytes', {}, () => 68_400);
    await gauge('kelos_metadata_refused_spawners', {}, () => 0);
    await gauge('kelos_metadata_defaults_valid', {}, () => 1);
    await gauge('kelos_metadata_certificate_expiry_timestamp_seconds', {}, () => END + 51 * DAY);
    const random = new Random('watches');
    text.family('kelos_metadata_watch_age_seconds', 'gauge');
    for (const kind of WATCHES) {
        // A watch is refreshed every 45 seconds. While the node was drained, one had to be opened again.
        const age = (_, time) => random.between(1, 45) + (kind === 'taskspawners' && during(DRAINED, time) ? 25 : 0);
        await each(text, 'kelos_metadata_watch_age_seconds', { kind }, age);
    }
    text.family('kelos_metadata_lookups', 'counter');
    for (const result of LOOKUPS) {
        await each(
            text,
            'kelos_metadata_lookups_total',
            { result },
            counter((request) => Number(result === 'found' && request.outcome === 'warned')),
        );
    }
    text.family('kelos_metadata_log_lines_dropped', 'counter');
    await each(text, 'kelos_metadata_log_lines_dropped_total', {}, () => 0);
}

/** In Prometheus's text format this counter is called so, without `_total`. */
async function writeApiServer(text, { tasks }) {
    const name = 'apiserver_admission_webhook_fail_open_count';
    const before = { 'mtask.metadata.kelos.dev': 3, 'vspawner.metadata.kelos.dev': 1 };
    const unanswered = tasks.filter((task) => task.unanswered);
    text.family(name, 'unknown');
    for (const [webhook, count] of Object.entries(before)) {
        const labels = {
            job: 'apiserver',
            instance: '192.0.2.1:6443',
            name: webhook,
            type: webhook.startsWith('m') ? 'admit' : 'validating',
        };
        const isTask = webhook.startsWith('mtask');
        await text.write(
            name,
            labels,
            (time) => count + (isTask ? unanswered.filter((task) => task.created <= time).length : 0),
        );
    }
}

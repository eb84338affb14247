// Tasks of three teams and of none in two namespaces, from their creation to their end, as TaskSpawners and Kelos would
// have made them.

import { BEFORE, DAY, END, HOUR, MISTAKE, MINUTE, OUTAGE, REFUSED, DRAINED, busy, during } from './day.js';
import { Random } from './random.js';

/**
 * `hourly` is what comes in an hour of usual work, `slots` how many Pods the team has room for, `minutes` the median of
 * what a Task takes, `usd` of what it costs.
 */
const SPAWNERS = [
    {
        name: 'payments-issues',
        namespace: 'shop',
        team: 'payments',
        hourly: 6,
        limit: 8,
        minutes: 21,
        usd: 0.85,
        success: 0.93,
    },
    {
        name: 'checkout-issues',
        namespace: 'shop',
        team: 'checkout',
        hourly: 4,
        limit: 8,
        minutes: 17,
        usd: 0.6,
        success: 0.86,
    },
    {
        name: 'checkout-reviews',
        namespace: 'shop',
        team: 'checkout',
        hourly: 5,
        limit: 6,
        minutes: 7,
        usd: 0.25,
        success: 0.95,
    },
    {
        name: 'backend-issues',
        namespace: 'platform',
        team: 'backend',
        hourly: 6,
        limit: 10,
        minutes: 30,
        usd: 1.1,
        success: 0.9,
    },
    {
        name: 'backend-upgrades',
        namespace: 'platform',
        team: 'backend',
        nightly: 12,
        limit: 12,
        minutes: 38,
        usd: 0.7,
        success: 0.8,
    },
    { name: 'docs', namespace: 'platform', team: undefined, hourly: 2.5, limit: 3, minutes: 9, usd: 0.2, success: 0.9 },
    // People with kubectl: no TaskSpawner.
    {
        name: undefined,
        namespace: 'shop',
        team: undefined,
        hourly: 0.8,
        limit: 99,
        minutes: 14,
        usd: 0.5,
        success: 0.7,
    },
];

/** How many Pods each team has room for; what is beyond waits. */
const SLOTS = { payments: 3, checkout: 4, backend: 5, undefined: 3 };

/** Kelos deletes what has ended after `ttlSecondsAfterFinished`. */
const TTL = 10 * HOUR;

/** What the Tasks of each team may cost from midnight on, in US dollars. */
const BUDGETS = [
    { name: 'payments-daily', namespace: 'shop', team: 'payments', usd: 75 },
    { name: 'checkout-daily', namespace: 'shop', team: 'checkout', usd: 60 },
    { name: 'backend-daily', namespace: 'platform', team: 'backend', usd: 100 },
    { name: 'no-team-daily', namespace: 'platform', team: undefined, usd: 40 },
];

const STEP = 5;

/** Goes through the time, and returns what there was. */
export function simulate() {
    const tasks = [];
    const spawners = SPAWNERS.map((spawner) => ({
        ...spawner,
        random: new Random(`spawner ${spawner.name}`),
        found: 0,
        tasks: [],
    }));
    const teams = new Map(Object.entries(SLOTS).map(([team, slots]) => [team, { free: slots, queue: [] }]));
    for (let time = BEFORE; time <= END; time += STEP) {
        for (const spawner of spawners) {
            spawner.found += discovered(spawner, time);
            const active = spawner.tasks.filter((task) => !(task.ended <= time)).length;
            if (spawner.found === 0 || active >= spawner.limit) continue;
            spawner.found -= 1;
            const task = create(spawner, time, tasks.length);
            spawner.tasks.push(task);
            tasks.push(task);
            if (task.phased !== undefined) teams.get(String(spawner.team)).queue.push(task);
        }
        for (const team of teams.values()) advance(team, time);
    }
    return { tasks, spawners, budgets: BUDGETS, ttl: TTL };
}

/** How many items a TaskSpawner finds in one step. */
function discovered(spawner, time) {
    if (spawner.nightly !== undefined) return time % DAY === 2 * HOUR ? spawner.nightly : 0;
    return spawner.random.chance((spawner.hourly * busy(time) * STEP) / HOUR) ? 1 : 0;
}

/** A Task with all that will become of it, but for when there is room for it. */
function create(spawner, time, number) {
    const { random } = spawner;
    // The API server went on without an answer of the webhook: the Task has no label.
    const unanswered = during(DRAINED, time);
    const isRefused = spawner.name === 'docs' && time >= REFUSED && !spawner.refused;
    if (isRefused) spawner.refused = true;
    const seconds = Math.min(Math.max(random.around(spawner.minutes * MINUTE, 0.55), 90), 3 * HOUR);
    const isDown = spawner.team === 'checkout' && during(OUTAGE, time);
    const cost = (random.around(spawner.usd, 0.5) * seconds) / (spawner.minutes * MINUTE);
    return {
        name: `${spawner.name ?? 'by-hand'}-${1000 + number}`,
        uid: uid(random),
        namespace: spawner.namespace,
        spawner: spawner.name,
        team: unanswered ? undefined : spawner.team,
        type: random.chance(0.8) ? 'claude-code' : 'codex',
        unanswered,
        skipped: unanswered ? [] : skipped(spawner, time),
        created: time,
        // Kelos makes its Job a moment later, or never.
        phased: isRefused ? undefined : time + STEP * Math.ceil(random.between(0, 4)),
        seconds: Math.round(isDown ? seconds / 3 : seconds),
        podSeconds: STEP * Math.ceil(random.between(2, 15)),
        succeeds: random.chance(isDown ? 0.15 : spawner.success),
        usage: random.chance(0.95)
            ? {
                  usd: cost.toFixed(4),
                  input: Math.round(cost * random.between(500_000, 900_000)),
                  output: Math.round(cost * random.between(8_000, 20_000)),
              }
            : undefined,
    };
}

/** Why keys of a Task were not written. */
function skipped(spawner, time) {
    const { random } = spawner;
    const reasons = [];
    if (random.chance(0.15)) reasons.push('omitted');
    if (random.chance(0.08)) reasons.push('invalid_value');
    if (random.chance(0.05)) reasons.push('missing_variable');
    if (random.chance(0.05)) reasons.push('existing');
    if (spawner.name === 'docs' && time >= MISTAKE) reasons.push('parse_error');
    return reasons;
}

/** Ends what is over, and lets what waits into the slots that are free. */
function advance(team, time) {
    team.running = (team.running ?? []).filter((task) => {
        if (task.ended > time) return true;
        team.free += 1;
        return false;
    });
    while (team.free > 0 && team.queue.length > 0 && team.queue[0].phased <= time) {
        const task = team.queue.shift();
        team.free -= 1;
        team.running.push(task);
        task.started = time;
        task.runs = time + task.podSeconds;
        task.ended = task.runs + task.seconds;
    }
}

/** The phase of a Task, as Kelos says it; none before there is a Job. */
export function phase(task, time) {
    if (!(task.phased <= time)) return undefined;
    if (!(task.started <= time)) return 'Waiting';
    if (task.runs > time) return 'Pending';
    if (task.ended > time) return 'Running';
    return task.succeeds ? 'Succeeded' : 'Failed';
}

function uid(random) {
    const digits = (count) => Array.from({ length: count }, () => Math.floor(random.unit() * 16).toString(16)).join('');
    return `${digits(8)}-${digits(4)}-4${digits(3)}-a${digits(3)}-${digits(12)}`;
}

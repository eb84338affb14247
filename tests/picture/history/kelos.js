// The series that kube-state-metrics makes of Tasks, TaskRecords, TaskSpawners and TaskBudgets: those of
// charts/kelos-metadata/monitoring/kube-state-metrics.yaml, with the key `team`.

import { DAY, END, HOUR } from './day.js';
import { phase } from './world.js';

const PHASES = ['Pending', 'Waiting', 'Running', 'Succeeded', 'Failed'];
/** What Prometheus adds, and kube-state-metrics to each series of a kind. */
const of = (kind) => ({
    customresource_group: 'kelos.dev',
    customresource_kind: kind,
    customresource_version: 'v1alpha2',
    job: 'kube-state-metrics',
});

export async function writeKelos(text, world) {
    await writeTasks(text, world);
    await writeRecords(text, world.tasks);
    await writeSpawners(text, world.spawners);
    await writeBudgets(text, world);
}

/** Writes a family of series that each object has while it is there, or from when the value is known. */
async function gauge(text, name, objects, labels, value, span) {
    text.family(name, 'gauge');
    for (const object of objects) await text.write(name, labels(object), value(object), span(object));
}

async function writeTasks(text, { tasks, ttl }) {
    const labels = (task) => ({ ...of('Task'), namespace: task.namespace, task: task.name });
    const there = (task) => ({ from: task.created, until: (task.ended ?? Infinity) + ttl });
    const since = (moment) => (task) => ({ ...there(task), from: moment(task) ?? Infinity });

    const all = (task) => ({
        ...labels(task),
        uid: task.uid,
        taskspawner: task.spawner,
        type: task.type,
        label_team: task.team,
    });
    await gauge(text, 'kelos_task_labels', tasks, all, () => 1, there);
    text.family('kelos_task_status_phase', 'gauge');
    for (const task of tasks) {
        for (const name of PHASES) {
            const is = (time) => Number(phase(task, time) === name);
            await text.write(
                'kelos_task_status_phase',
                { ...labels(task), phase: name },
                is,
                since((it) => it.phased)(task),
            );
        }
    }
    await gauge(text, 'kelos_task_created', tasks, labels, (task) => task.created, there);
    await gauge(
        text,
        'kelos_task_start_time',
        tasks,
        labels,
        (task) => task.started,
        since((task) => task.started),
    );
    await gauge(
        text,
        'kelos_task_completion_time',
        tasks,
        labels,
        (task) => task.ended,
        since((task) => task.ended),
    );
}

/** Kelos keeps TaskRecords for 30 days; here until no panel asks for them any more, a day after the Task has ended. */
async function writeRecords(text, tasks) {
    const ended = tasks.filter((task) => task.ended <= END && task.usage !== undefined);
    const labels = (task) => ({ ...of('TaskRecord'), namespace: task.namespace, taskrecord: task.name });
    const span = (task) => ({ from: task.ended, until: task.ended + DAY + HOUR });
    const all = (task) => ({
        ...labels(task),
        uid: task.uid,
        type: task.type,
        phase: task.succeeds ? 'Succeeded' : 'Failed',
        label_team: task.team,
    });
    await gauge(text, 'kelos_taskrecord_labels', ended, all, () => 1, span);
    await gauge(text, 'kelos_taskrecord_cost_usd', ended, labels, (task) => Number(task.usage.usd), span);
    await gauge(text, 'kelos_taskrecord_input_tokens', ended, labels, (task) => task.usage.input, span);
    await gauge(text, 'kelos_taskrecord_output_tokens', ended, labels, (task) => task.usage.output, span);
    await gauge(text, 'kelos_taskrecord_start_time', ended, labels, (task) => task.started, span);
    await gauge(text, 'kelos_taskrecord_completion_time', ended, labels, (task) => task.ended, span);
}

async function writeSpawners(text, all) {
    const spawners = all.filter((spawner) => spawner.name !== undefined);
    const labels = (spawner) => ({ ...of('TaskSpawner'), namespace: spawner.namespace, taskspawner: spawner.name });
    const always = () => ({});
    const named = (spawner) => ({
        ...labels(spawner),
        uid: `00000000-0000-4000-a000-${spawner.name}`,
        label_team: spawner.team,
    });
    const active = (spawner) => (time) =>
        spawner.tasks.filter((task) => task.created <= time && !(task.ended <= time)).length;
    const created = (spawner) => (time) => spawner.tasks.filter((task) => task.created <= time).length;
    await gauge(text, 'kelos_taskspawner_labels', spawners, named, () => 1, always);
    await gauge(text, 'kelos_taskspawner_active_tasks', spawners, labels, active, always);
    await gauge(text, 'kelos_taskspawner_max_concurrency', spawners, labels, (spawner) => spawner.limit, always);
    await gauge(text, 'kelos_taskspawner_tasks_created', spawners, labels, created, always);
}

/** A TaskBudget of each team, for a day, and one for what has no team. */
async function writeBudgets(text, { tasks, budgets }) {
    const labels = (budget) => ({ ...of('TaskBudget'), namespace: budget.namespace, taskbudget: budget.name });
    const always = () => ({});
    const used = (budget) => (time) => {
        const midnight = time - (time % DAY);
        const counted = tasks.filter(
            (task) =>
                task.namespace === budget.namespace &&
                task.team === budget.team &&
                task.ended >= midnight &&
                task.ended <= time,
        );
        return counted.reduce((sum, task) => sum + Number(task.usage?.usd ?? 0), 0);
    };
    const selecting = (budget) => ({
        ...labels(budget),
        uid: `00000000-0000-4000-b000-${budget.name}`,
        ...(budget.team === undefined ? {} : { label_team: budget.team }),
    });
    await gauge(text, 'kelos_taskbudget_match_labels', budgets, selecting, () => 1, always);
    await gauge(text, 'kelos_taskbudget_max_cost_usd', budgets, labels, (budget) => budget.usd, always);
    await gauge(text, 'kelos_taskbudget_used_cost_usd', budgets, labels, used, always);
}

// The day that is simulated: a working Wednesday's afternoon, and the 24 hours before it.

const seconds = (time) => Date.parse(time) / 1000;

export const MINUTE = 60;
export const HOUR = 3600;
export const DAY = 24 * HOUR;

/** What the dashboard is told is "now". */
export const END = seconds('2026-11-04T16:30:00Z');
export const START = END - DAY;
/** Tasks are simulated for longer: at the start there are some, and TaskRecords of the day before. */
export const BEFORE = START - DAY - 2 * HOUR;

/** A Prometheus scrapes once a minute. */
export const SCRAPE_INTERVAL = MINUTE;

/** When a node was drained: one of two replicas of the webhook was replaced, and some requests got no answer. */
export const DRAINED = { from: seconds('2026-11-04T10:38:00Z'), until: seconds('2026-11-04T10:41:00Z') };
/** When tests of checkout failed one after the other: a service that they need was down. */
export const OUTAGE = { from: seconds('2026-11-04T12:50:00Z'), until: seconds('2026-11-04T14:05:00Z') };
/** When somebody wrote a template with a mistake, on the TaskSpawner `docs`. */
export const MISTAKE = seconds('2026-11-04T13:10:00Z');
/** When the Job of a Task was refused, which has no phase since. */
export const REFUSED = seconds('2026-11-04T15:35:00Z');

export const during = (span, time) => time >= span.from && time < span.until;

/** How busy each hour of a day is, in UTC. */
const BUSY = [
    0.05, 0.05, 0.05, 0.05, 0.05, 0.1, 0.2, 0.4, 0.8, 1.1, 1.2, 1.1, 0.7, 1, 1.3, 1.2, 1, 0.7, 0.4, 0.25, 0.15, 0.1,
    0.1, 0.05,
];

export const busy = (time) => BUSY[Math.floor((time % DAY) / HOUR)];

/** The moments of a day at which Prometheus scrapes; some earlier ones, for rates. */
export function scrapes() {
    const moments = [];
    for (let time = START - 10 * MINUTE; time <= END; time += SCRAPE_INTERVAL) moments.push(time);
    return moments;
}

// What the demo estate is like: who calls whom, how fast, how busy. The running estate and its made-up past both follow it, so that the past
// is a fair guide to what comes.

/** Seconds; the bounds of every duration histogram. */
export const buckets = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.4, 0.6, 1, 2.5];

/** Requests per second that reach the gateway at the busiest time of a weekday. */
const peakRate = 8;

/** Milliseconds that one hop of HTTP on loopback adds. */
export const hop = 0.7;

export const poolSize = 20;
export const cacheHits = 0.55;
export const analysisShare = 0.25;

/**
 * Now and then the gateway fails; behind it a failure is always news. At the rate of a demo one in a thousand would be a spike each time.
 * own: milliseconds of its own work at the median, without load; spread: sigma of its logarithm; errors and missing: shares answered with 500
 * and 404; calls: whom it asks and for which share of its requests, oneOf at most one of them; cpu: seconds per request; memory: megabytes.
 */
export const services = {
  gateway: {
    own: 4, spread: 0.35, errors: 0.004, missing: 0.008, cpu: 0.002, memory: 120, route: "/api",
    calls: { auth: 1 }, oneOf: { search: 0.35, documents: 0.3, agents: 0.2, live: 0.15 },
  },
  auth: { own: 6, spread: 0.3, errors: 0, missing: 0, cpu: 0.001, memory: 95, route: "/verify", calls: {} },
  search: { own: 28, spread: 0.4, errors: 0, missing: 0, cpu: 0.006, memory: 310, route: "/search", calls: { embeddings: 1 - cacheHits, documents: 0.3 } },
  embeddings: { own: 35, spread: 0.3, errors: 0, missing: 0, cpu: 0.012, memory: 520, route: "/embed", calls: {} },
  agents: { own: 40, spread: 0.5, errors: 0, missing: 0, cpu: 0.008, memory: 260, route: "/run", calls: { "rag-engine": 0.8, tasks: 0.5 } },
  "rag-engine": { own: 90, spread: 0.45, errors: 0, missing: 0, cpu: 0.015, memory: 410, route: "/query", calls: { embeddings: 1, search: 0.5 } },
  documents: { own: 9, spread: 0.4, errors: 0, missing: 0.01, cpu: 0.002, memory: 180, route: "/documents/{id}", calls: {} },
  tasks: { own: 12, spread: 0.4, errors: 0, missing: 0, cpu: 0.003, memory: 140, route: "/tasks", calls: { documents: 0.5 } },
  live: { own: 3, spread: 0.3, errors: 0, missing: 0, cpu: 0.001, memory: 110, route: "/connect", calls: {} },
};

export const names = Object.keys(services);

/** How busy the estate is at a time in seconds, about 0.3 (night) to 1 (afternoon); weekends are quieter. */
export function load(time) {
  const hour = (time / 3600) % 24;
  const day = Math.pow(0.5 - 0.5 * Math.cos((2 * Math.PI * (hour - 4)) / 24), 1.3);
  const weekday = new Date(time * 1000).getUTCDay();
  const weekend = weekday === 0 || weekday === 6 ? 0.75 : 1;
  return (0.35 + 0.65 * day) * weekend * (1 + drift(time, 1) * 0.06);
}

/** Slow wandering between about -1 and 1 that does not repeat by the day: no two days are alike. */
export function drift(time, seed) {
  return 0.5 * Math.sin(time / 877 + seed * 2.1) + 0.3 * Math.sin(time / 2311 + seed * 4.7) + 0.2 * Math.sin(time / 7919 + seed * 1.3);
}

export const gatewayRate = time => peakRate * load(time);

/** Requests per second of every service when the gateway has one. */
export const shares = (() => {
  const share = Object.fromEntries(names.map(name => [name, 0]));
  const walk = (name, amount) => {
    share[name] += amount;
    for (const [callee, part] of [...Object.entries(services[name].calls), ...Object.entries(services[name].oneOf ?? {})]) walk(callee, amount * part);
  };
  walk("gateway", 1);
  return share;
})();

export function normal() {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}

export function poisson(mean) {
  if (mean > 30) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal()));
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = Math.random(); product > limit; product *= Math.random()) count++;
  return count;
}

/** Milliseconds of a service's own work for one request. */
export function ownWork(name, busy) {
  const { own, spread } = services[name];
  return own * (1 + 0.35 * busy) * Math.exp(spread * normal());
}

/** Whom one request goes on to. */
export function callees(name) {
  const { calls, oneOf = {} } = services[name];
  const chosen = Object.keys(calls).filter(callee => Math.random() < calls[callee]);
  let dice = Math.random();
  for (const [callee, share] of Object.entries(oneOf)) {
    if ((dice -= share) < 0) {
      chosen.push(callee);
      break;
    }
  }
  return chosen;
}

/** The status of a request that nothing else went wrong with. */
export function ownStatus(name) {
  const dice = Math.random();
  const { errors, missing } = services[name];
  return dice < errors ? 500 : dice < errors + missing ? 404 : 200;
}

/** One request as it would go: for the past, where nobody can be asked. */
export function imagine(name, busy) {
  let milliseconds = hop + ownWork(name, busy);
  let status = ownStatus(name);
  if (status === 200) {
    for (const callee of callees(name)) {
      const answer = imagine(callee, busy);
      milliseconds += answer.milliseconds;
      if (answer.status >= 500) {
        status = 502;
        break;
      }
    }
  }
  return { milliseconds, status };
}

/** Gauges that no request moves. Services are listeners in one process: their memory and CPU are figures of this model. */
export const gauges = {
  residentMegabytes: (name, time) => services[name].memory * (1 + 0.12 * load(time) + 0.02 * drift(time, services[name].own)) + normal() * 0.6,
  idleCpu: 0.004,
  connections: time => Math.max(0, Math.round(180 * load(time) + 6 * drift(time, 3) + normal() * 2)),
  pending: time => Math.max(0, Math.round(8 * load(time) + 2 * drift(time, 5) + normal())),
  active: time => Math.max(0, Math.round(5 * load(time) + normal() * 0.7)),
  pool: time => Math.min(poolSize, Math.max(0, Math.round(3 + 6 * load(time) + normal() * 0.8))),
  compliance: time => Math.min(1, 0.94 + 0.015 * drift(time / 8, 7) + normal() * 0.002),
};

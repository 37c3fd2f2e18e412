// Makes fourteen days of the demo estate's past and hands them to Prometheus as blocks, through OpenMetrics and promtool.
// node history.mjs --promtool FILE --data FOLDER --scratch FOLDER --until UNIX-SECONDS [--days 14]
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { analysisShare, buckets, cacheHits, gatewayRate, gauges, imagine, load, names, poisson, poolSize, services, shares } from "./model.mjs";

/** Seconds between samples: twice the running scrape's, which is enough for rates over a minute and halves the work. */
const step = 30;

/** Seconds of one block; Prometheus aligns blocks of 54 hours to multiples of them. */
const blockLength = 54 * 3600;

/** Requests imagined for each level of load, and the number of levels. */
const imagined = 6000;
const levels = 12;

if (isMainThread) await makeAll();
else parentPort.on("message", chunk => parentPort.postMessage(writeChunk(chunk)));

async function makeAll() {
  const { values: options } = parseArgs({
    options: { promtool: { type: "string" }, data: { type: "string" }, scratch: { type: "string" }, until: { type: "string" }, days: { type: "string", default: "14" } },
  });
  mkdirSync(options.scratch, { recursive: true });
  mkdirSync(options.data, { recursive: true });
  const until = Math.floor(Number(options.until) / step) * step;
  const from = until - Number(options.days) * 86_400;
  const chunks = [];
  for (let start = from; start < until;) {
    const end = Math.min(until, (Math.floor(start / blockLength) + 1) * blockLength);
    chunks.push({ start, end, file: join(options.scratch, `${start}.om`) });
    start = end;
  }
  const likely = likelihoods();
  const lanes = Array.from({ length: Math.max(2, Math.min(4, availableParallelism())) }, () => new Worker(new URL(import.meta.url), { workerData: likely }));
  await Promise.all(lanes.map(async lane => {
    for (let chunk = chunks.shift(); chunk; chunk = chunks.shift()) {
      lane.postMessage(chunk);
      await new Promise((done, failed) => lane.once("message", done).once("error", failed));
      await run(options.promtool, ["tsdb", "create-blocks-from", "openmetrics", "--quiet", "--max-block-duration=54h", chunk.file, options.data]);
      rmSync(chunk.file);
    }
    await lane.terminate();
  }));
  rmSync(options.scratch, { recursive: true });
}

function run(program, words) {
  return new Promise((done, failed) => {
    spawn(program, words, { stdio: ["ignore", "ignore", "inherit"] })
      .on("error", failed)
      .on("exit", code => (code === 0 ? done() : failed(new Error(`${program} ${words.join(" ")} ended with ${code}`))));
  });
}

/** How requests end and how long they take, by service and level of load: shares per status, shares per bucket, mean seconds. */
function likelihoods() {
  return Object.fromEntries(names.map(name => [name, Array.from({ length: levels + 1 }, (_, level) => {
    const statuses = {};
    const shares = new Array(buckets.length + 1).fill(0);
    let sum = 0;
    for (let i = 0; i < imagined; i++) {
      const { milliseconds, status } = imagine(name, level / levels);
      statuses[status] = (statuses[status] ?? 0) + 1 / imagined;
      const place = buckets.findIndex(bound => milliseconds / 1000 <= bound);
      shares[place < 0 ? buckets.length : place] += 1 / imagined;
      sum += milliseconds / 1000 / imagined;
    }
    return { statuses, shares, mean: sum };
  })]));
}

/** Counters begin at zero, as after a restart; the estate that runs does too. */
function writeChunk({ start, end, file }) {
  const likely = workerData;
  const output = openSync(file, "w");
  let text = "";
  const counts = new Map();
  const print = (series, value, time) => {
    text += `${series} ${value} ${time}\n`;
    if (text.length > 4_000_000) {
      writeSync(output, text);
      text = "";
    }
  };
  const estate = names.map(name => describe(name, likely[name]));
  for (let time = start; time < end; time += step) {
    for (const one of estate) one(time, print, counts);
  }
  writeSync(output, `${text}# EOF\n`);
  closeSync(output);
  return true;
}

/** A function that prints all samples of one service for one moment. */
function describe(name, likely) {
  const labels = `instance="${name}-1",job="demo",service="${name}"`;
  const series = (metric, more = "") => `${metric}{${labels}${more}}`;
  const le = bound => `,le="${bound}"`;
  const bounds = [...buckets.map(String), "+Inf"];
  const duration = histogram("archon_http_request_duration_seconds");
  const rag = name === "rag-engine" ? histogram("archon_rag_query_duration_seconds") : null;
  const analysis = name === "agents" ? histogram("archon_intelligence_analysis_duration_seconds") : null;
  const statuses = ["200", "404", "500", "502"].filter(status => likely.some(level => level.statuses[status] > 0));
  const calls = Object.entries({ ...services[name].calls, ...services[name].oneOf });

  function histogram(metric) {
    return {
      buckets: bounds.map(bound => series(`${metric}_bucket`, le(bound))), sum: series(`${metric}_sum`), count: series(`${metric}_count`),
      seen: new Array(bounds.length).fill(0), total: 0,
    };
  }

  function observe(one, perBucket, mean, time, print) {
    let all = 0;
    let fresh = 0;
    for (let i = 0; i < bounds.length; i++) {
      one.seen[i] += perBucket[i];
      fresh += perBucket[i];
      all += one.seen[i];
      print(one.buckets[i], all, time);
    }
    one.total += fresh * mean * (0.97 + 0.06 * Math.random());
    print(one.sum, one.total.toFixed(4), time);
    print(one.count, all, time);
    return fresh;
  }

  return (time, print, counts) => {
    const add = (key, amount, digits) => {
      const value = (counts.get(key) ?? 0) + amount;
      counts.set(key, value);
      print(key, digits ? value.toFixed(digits) : value, time);
    };
    const expected = gatewayRate(time) * shares[name] * step;
    const level = likely[Math.round(Math.min(1, load(time)) * levels)];
    const perBucket = level.shares.map(share => (share > 0 ? poisson(expected * share) : 0));
    const requests = observe(duration, perBucket, level.mean, time, print);
    let others = 0;
    for (const status of statuses.slice(1)) {
      const count = level.statuses[status] > 0 ? poisson(requests * level.statuses[status]) : 0;
      others += count;
      add(series("archon_http_requests_total", `,method="GET",route="${services[name].route}",status="${status}"`), count);
    }
    add(series("archon_http_requests_total", `,method="GET",route="${services[name].route}",status="200"`), Math.max(0, requests - others));
    for (const [callee, share] of calls) add(series("archon_client_requests_total", `,callee="${callee}",status="200"`), poisson(requests * share));
    add(series("process_cpu_seconds_total"), requests * services[name].cpu + gauges.idleCpu * step, 3);
    print(series("process_resident_memory_bytes"), Math.round(gauges.residentMegabytes(name, time) * 1048576), time);
    print(series("up"), 1, time);
    switch (name) {
      case "search": {
        const hits = poisson(requests * cacheHits);
        add(series("archon_cache_hits_total"), hits);
        add(series("archon_cache_misses_total"), Math.max(0, requests - hits));
        break;
      }
      case "rag-engine": {
        const failed = poisson(requests * ((level.statuses[500] ?? 0) + (level.statuses[502] ?? 0)));
        observe(rag, perBucket, level.mean, time, print);
        add(series("archon_rag_queries_total", ',status="success"'), Math.max(0, requests - failed));
        add(series("archon_rag_queries_total", ',status="failed"'), failed);
        break;
      }
      case "agents": {
        const done = observe(analysis, perBucket.map(count => poisson(count * analysisShare)), level.mean, time, print);
        add(series("archon_intelligence_analyses_total"), done);
        print(series("archon_onex_compliance_score"), gauges.compliance(time).toFixed(4), time);
        break;
      }
      case "documents":
        print(series("archon_db_pool_connections_in_use"), gauges.pool(time), time);
        print(series("archon_db_pool_connections_max"), poolSize, time);
        break;
      case "tasks":
        print(series("archon_background_tasks", ',state="pending"'), gauges.pending(time), time);
        print(series("archon_background_tasks", ',state="active"'), gauges.active(time), time);
        break;
      case "live":
        print(series("archon_websocket_connections"), gauges.connections(time), time);
        break;
    }
  };
}

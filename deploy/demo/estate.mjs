// The demo estate: nine services that call each other over HTTP on loopback, load by the wall clock, metrics, and faults on demand.
// node estate.mjs --port 18100 --targets FILE [--postgres FOLDER], started in the folder that holds node_modules.
import { createServer, Agent, request } from "node:http";
import { createRequire } from "node:module";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import { openStore } from "./store.mjs";
import { analysisShare, buckets, cacheHits, callees, gatewayRate, gauges, load, names, ownStatus, ownWork, poisson, poolSize, services, shares } from "./model.mjs";

const require = createRequire(join(process.cwd(), "package.json"));
const prometheus = require("prom-client");
const { values: options } = parseArgs({ options: { port: { type: "string" }, targets: { type: "string" }, postgres: { type: "string" } } });

const host = "127.0.0.1";
const callLimit = 10_000;
const faultNames = ["latency", "errors", "outage", "leak", "traffic", "cpu"];
const leakPerSecond = 3 * 1024 * 1024;
const burnt = 0.85;
const agent = new Agent({ keepAlive: true, maxSockets: 100 });
const now = () => Date.now() / 1000;

/** By "fault service": when it ends. */
const faults = new Map();
const broken = (fault, name) => faults.has(`${fault} ${name}`);

class Service {
  constructor(name) {
    this.name = name;
    this.leaked = 0;
    this.inFlight = 0;
    this.registry = new prometheus.Registry();
    const registers = [this.registry];
    const counter = (name, help, labelNames = []) => new prometheus.Counter({ name, help, labelNames, registers });
    const histogram = (name, help, bounds = buckets) => new prometheus.Histogram({ name, help, buckets: bounds, registers });
    const gauge = (name, help, read, labelNames = []) => new prometheus.Gauge({ name, help, labelNames, registers, collect() { read(this); } });

    this.requests = counter("archon_http_requests_total", "Requests answered.", ["method", "route", "status"]);
    this.duration = histogram("archon_http_request_duration_seconds", "Time to answer a request.");
    this.cpu = counter("process_cpu_seconds_total", "CPU time, of the model.");
    gauge("process_resident_memory_bytes", "Resident memory, of the model.", one => one.set(gauges.residentMegabytes(name, now()) * 1048576 + this.leaked));
    if (Object.keys({ ...services[name].calls, ...services[name].oneOf }).length > 0) {
      this.calls = counter("archon_client_requests_total", "Requests made to other services.", ["callee", "status"]);
    }
    if (name === "search") {
      this.hits = counter("archon_cache_hits_total", "Answers found in the cache.");
      this.misses = counter("archon_cache_misses_total", "Answers not found in the cache.");
    }
    if (name === "rag-engine") {
      this.queries = counter("archon_rag_queries_total", "RAG queries.", ["status"]);
      this.queryDuration = histogram("archon_rag_query_duration_seconds", "Time of a RAG query.");
    }
    if (name === "agents") {
      this.analyses = counter("archon_intelligence_analyses_total", "Analyses done.");
      this.analysisDuration = histogram("archon_intelligence_analysis_duration_seconds", "Time of an analysis.");
      gauge("archon_onex_compliance_score", "Share of ONEX rules kept.", one => one.set(gauges.compliance(now())));
    }
    if (name === "documents") {
      gauge("archon_db_pool_connections_in_use", "Database connections in use.", one => one.set(Math.min(poolSize, gauges.pool(now()) + this.inFlight)));
      gauge("archon_db_pool_connections_max", "Database connections there may be.", one => one.set(poolSize));
    }
    if (name === "tasks") {
      gauge("archon_background_tasks", "Background tasks.", one => {
        one.set({ state: "pending" }, gauges.pending(now()) + this.inFlight);
        one.set({ state: "active" }, gauges.active(now()));
      }, ["state"]);
    }
    if (name === "live") gauge("archon_websocket_connections", "WebSocket connections.", one => one.set(gauges.connections(now())));
    this.server = createServer((asked, answer) => this.answer(asked, answer));
  }

  listen(port) {
    return new Promise((done, failed) => {
      this.server.once("error", failed);
      this.server.listen(port, host, () => {
        this.server.off("error", failed);
        this.port = this.server.address().port;
        done();
      });
    });
  }

  async answer(asked, answer) {
    if (asked.url === "/metrics") {
      answer.setHeader("Content-Type", this.registry.contentType);
      answer.end(await this.registry.metrics());
      return;
    }
    const began = performance.now();
    this.inFlight++;
    const status = await this.work().catch(failure => {
      console.error(`${this.name}: ${failure.message}`);
      return 500;
    });
    this.inFlight--;
    const seconds = (performance.now() - began) / 1000;
    this.requests.inc({ method: "GET", route: services[this.name].route, status });
    this.duration.observe(seconds);
    this.cpu.inc(services[this.name].cpu);
    if (this.queries) {
      this.queries.inc({ status: status < 500 ? "success" : "failed" });
      this.queryDuration.observe(seconds);
    }
    if (this.analyses && Math.random() < analysisShare) {
      this.analyses.inc();
      this.analysisDuration.observe(seconds);
    }
    answer.statusCode = status;
    answer.end();
  }

  async work() {
    const { name } = this;
    let milliseconds = ownWork(name, load(now()));
    if (broken("latency", name)) milliseconds = milliseconds * 5 + 250;
    if (broken("cpu", name)) milliseconds *= 1.6;
    if (name === "documents" && !(await store.read(milliseconds))) return 503;
    else if (name !== "documents") await wait(milliseconds);
    if (broken("errors", name) && Math.random() < 0.35) return 500;
    const status = ownStatus(name);
    if (status !== 200) return status;
    const asks = callees(name);
    if (this.hits) (asks.includes("embeddings") ? this.misses : this.hits).inc();
    for (const callee of asks) {
      const answered = await call(callee);
      this.calls.inc({ callee, status: answered === 0 ? "none" : String(answered) });
      if (answered === 0 || answered >= 500) return 502;
    }
    return 200;
  }

  tick(seconds) {
    this.cpu.inc(gauges.idleCpu * seconds + (broken("cpu", this.name) ? burnt * seconds : 0));
    this.leaked = broken("leak", this.name) ? this.leaked + leakPerSecond * seconds : 0;
  }
}

/** The status; 0 when nobody answered. */
function call(name) {
  return new Promise(done => {
    const asked = request({ host, port: estate[name].port, path: services[name].route.replace("{id}", "42"), agent, timeout: callLimit }, answer => {
      answer.resume();
      answer.on("end", () => done(answer.statusCode));
      answer.on("error", () => done(0));
    });
    asked.on("timeout", () => asked.destroy());
    asked.on("error", () => done(0));
    asked.end();
  });
}

async function setFault(fault, name, until) {
  faults.set(`${fault} ${name}`, until);
  if (fault === "outage") {
    estate[name].server.close();
    estate[name].server.closeAllConnections();
  }
}

async function endFault(key) {
  faults.delete(key);
  const [fault, name] = key.split(" ");
  if (fault === "outage") await estate[name].listen(estate[name].port).catch(failure => console.error(`${name} cannot listen again: ${failure.message}`));
}

// Commands come over a Unix socket: no page in a browser can reach it.
async function command(asked, answer) {
  try {
    let body = "";
    for await (const part of asked) body += part;
    const { fault, service, seconds } = body ? JSON.parse(body) : {};
    if (asked.method === "POST") {
      if (!faultNames.includes(fault)) throw new Error(`There is no fault '${fault}'; there are ${faultNames.join(", ")}.`);
      if (!names.includes(service)) throw new Error(`There is no service '${service}'; there are ${names.join(", ")}.`);
      if (!(seconds >= 1 && seconds <= 86_400)) throw new Error("A fault lasts from 1s to 24h.");
      if (!broken(fault, service)) await setFault(fault, service, now() + seconds);
      else faults.set(`${fault} ${service}`, now() + seconds);
    }
    if (asked.method === "DELETE") for (const key of [...faults.keys()]) await endFault(key);
    answer.end(JSON.stringify({ faults: [...faults].map(([key, until]) => ({ fault: key.split(" ")[0], service: key.split(" ")[1], seconds: Math.round(until - now()) })) }));
  } catch (failure) {
    answer.statusCode = 400;
    answer.end(JSON.stringify({ error: failure.message }));
  }
}

const store = openStore(options.postgres, require("pg"));
const estate = Object.fromEntries(names.map(name => [name, new Service(name)]));
for (const name of names) await estate[name].listen(name === "gateway" && options.port ? Number(options.port) : 0);
if (options.targets) {
  const targets = names.map(name => ({ targets: [`${host}:${estate[name].port}`], labels: { service: name, instance: `${name}-1` } }));
  writeFileSync(`${options.targets}.new`, JSON.stringify(targets, null, 2));
  renameSync(`${options.targets}.new`, options.targets);
}

const control = createServer(command);
rmSync("control.sock", { force: true });
control.listen("control.sock");

let last = now();
setInterval(() => {
  const time = now();
  const seconds = Math.min(5, time - last);
  last = time;
  for (const [key, until] of [...faults]) if (until <= time) void endFault(key);
  for (const name of names) {
    estate[name].tick(seconds);
    const usual = name === "gateway" ? gatewayRate(time) : 0;
    const more = broken("traffic", name) ? Math.min(25, 4 * gatewayRate(time) * shares[name]) : 0;
    // Spread over the tick, as people come.
    for (let i = poisson((usual + more) * seconds); i > 0; i--) setTimeout(call, Math.random() * seconds * 1000, name);
  }
}, 500);

function end() {
  rmSync("control.sock", { force: true });
  if (options.targets) rmSync(options.targets, { force: true });
  process.exit(0);
}
process.on("SIGTERM", end);
process.on("SIGINT", end);
console.log(`The demo estate listens: ${names.map(name => `${name} ${estate[name].port}`).join(", ")}`);

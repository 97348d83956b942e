/** Conformance targets over PostgreSQL. */

import type { Pool } from "pg";
import { openPostgresDriver, type PostgresBackendOptions } from "../../src/adapters/postgres/mod.ts";
import { SCOPED_TABLES } from "../../src/adapters/sqlite/mod.ts";
import type { Sealing } from "../../src/backend/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import type { ConformanceCase, ConformanceTarget } from "../../src/testing/mod.ts";
import { derivedCases } from "./connected_cases.ts";
import { SQLITE_PROVIDES } from "./libsql_http.ts";
import { SqliteHarness } from "./sqlite_harness.ts";

/** A client of the backend, and a way to run statements beside it. */
export interface PostgresClients {
  readonly client: Pick<PostgresBackendOptions, "pg" | "postgres" | "neon" | "pglite" | "driver">;
  /** Whether commits are durable. */
  readonly durable: boolean;
  run(sql: string): Promise<unknown>;
}

/** What differs between clients: how statements are sent and answered, and how bytes and numbers travel. */
const SENDING = /^(?:big numbers|big values|bytes|commit|damage|owner|rows|set aside|accounts): /;

/** The kit for the short run of a client: the same statements as through `pg`, where the whole kit runs. */
export const sendingCases: readonly ConformanceCase[] = derivedCases.filter(({ name }) => SENDING.test(name));

/** The schema that the targets use, whose tables are made once and emptied after each case. */
const SCHEMA = "kit";

/** A database, opened through one client. */
export function postgresTarget(
  name: string,
  clients: () => PostgresClients,
  sealing?: Sealing,
): ConformanceTarget {
  return {
    name,
    provides: SQLITE_PROVIDES.filter((each) => each !== "durableOnResolve" || clients().durable),
    create: async () => {
      const { client, run } = clients();
      return new SqliteHarness({
        ...(sealing && { sealing }),
        connect: () => openPostgresDriver({ ...client, schema: SCHEMA, logger: silentLogger }),
        remove: async () => {
          await run(emptyTables(SCHEMA));
        },
      });
    },
  };
}

/** Empties the tables, if they are there, and numbers accounts from 1 again. */
export function emptyTables(schema: string): string {
  const tables = [...SCOPED_TABLES.map(({ name }) => name), "account"];
  return `DO $$ BEGIN IF to_regclass('${schema}.account') IS NOT NULL THEN
    ${tables.map((table) => `DELETE FROM ${schema}.${table};`).join(" ")}
    ALTER TABLE ${schema}.account ALTER COLUMN device_id RESTART;
  END IF; END $$`;
}

/** Clients of `pg`. */
export function pgClients(pool: Pool): PostgresClients {
  return { client: { pg: pool }, durable: true, run: (sql) => pool.query(sql) };
}

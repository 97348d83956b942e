/** What a backend does with a PostgreSQL server that is set up in another way, or used by others. */

import { Pool, type PoolClient } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  type PostgresBackendOptions,
  type PostgresDriver,
  postgresBackend,
} from "../../src/adapters/postgres/mod.ts";
import type { Backend, OwnerGuard } from "../../src/backend/mod.ts";
import { BackendError, FencedError, IncompatibleError } from "../../src/errors/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { type PostgresServer, startPostgresServer, whyNoPostgres } from "../support/postgres/server.ts";
import { waitForWaiter } from "../support/postgres/wait_for_waiter.ts";

const why = whyNoPostgres();
const ALICE = "5511999990000@c.us.0";

let server: PostgresServer;
let pool: Pool;
let pools: Pool[] = [];

beforeAll(async () => {
  if (why !== undefined) return;
  server = await startPostgresServer();
  pool = poolOf();
  pools = [];
});

beforeEach(({ skip }) => skip(why !== undefined, why));

afterEach(async () => {
  for (const each of pools.splice(0)) await each.end();
});

afterAll(async () => {
  await pool?.end();
  await server?.close();
});

function poolOf(options: object = {}, url = server.url): Pool {
  const made = new Pool({ connectionString: url, max: 4, ...options });
  made.on("error", () => {});
  pools.push(made);
  return made;
}

function open(options: Partial<PostgresBackendOptions> & { readonly schema: string }): Promise<Backend> {
  return postgresBackend({
    pg: options.driver === undefined ? pool : undefined,
    logger: silentLogger,
    ...options,
  });
}

/** Readers of the types that are not text: booleans, bytes, integers. */
const PARSERS: Readonly<Record<number, (text: string) => unknown>> = {
  16: (text) => (text === "t" ? 1 : 0),
  17: (text) => Buffer.from(text.slice(2), "hex"),
  20: Number,
  21: Number,
  23: Number,
  1700: Number,
};

/** A driver of the shortest form, which tells what it sends. */
function plainDriver(sent: (sql: string, params: readonly unknown[]) => unknown): PostgresDriver {
  const run = async (on: Pool | PoolClient, statement: { sql: string; params: readonly unknown[] }) => {
    await sent(statement.sql, statement.params);
    const { rows, rowCount, command } = await on.query({
      text: statement.sql,
      values: [...statement.params],
      rowMode: "array",
      types: { getTypeParser: (oid: number) => PARSERS[oid] ?? String } as never,
    });
    return { rows, rowsAffected: command === "SELECT" ? 0 : (rowCount ?? 0) };
  };
  return {
    durable: true,
    query: (statement) => run(pool, statement),
    async transaction(statements) {
      const client = await pool.connect();
      try {
        await client.query("BEGIN ISOLATION LEVEL READ COMMITTED");
        const results = [];
        for (const statement of statements) results.push(await run(client, statement));
        await client.query("COMMIT");
        return results;
      } catch (error) {
        await client.query("ROLLBACK");
        throw error;
      } finally {
        client.release();
      }
    },
    async close() {},
  };
}

function guardOf(epoch: number, next?: number): OwnerGuard {
  const owner = epoch === 0 ? undefined : `owner ${epoch}`;
  const taken = next === undefined ? undefined : { owner: `owner ${next}`, epoch: next };
  return { owner, minEpoch: epoch, maxEpoch: epoch, ...(taken && { next: taken }) };
}

describe("a commit", () => {
  test("that waited for a taker is fenced by it", async () => {
    let locked: readonly unknown[] = [];
    const spy = plainDriver((sql, params) => {
      if (sql.includes("pg_advisory_xact_lock")) locked = params;
    });
    const backend = await open({ driver: spy, schema: "waiting" });
    await backend.commit([], { guard: guardOf(0, 1) });
    const taker = await pool.connect();
    await taker.query("BEGIN");
    await taker.query("SELECT pg_advisory_xact_lock($1, $2)", [...locked]);
    const late = backend.commit([{ kind: "session.put", address: ALICE, record: new Uint8Array(1) }], {
      guard: guardOf(1),
    });
    try {
      await Promise.race([waitForWaiter(taker), late]);
      await taker.query("UPDATE waiting.account SET owner = 'owner 2', epoch = 2");
      await taker.query("COMMIT");
    } finally {
      taker.release();
    }
    await expect(late).rejects.toThrow(FencedError);
    expect(await backend.getSession(ALICE)).toBeUndefined();
    await backend.close();
  });

  test("is refused where the isolation level is another one", async () => {
    const strict = poolOf({ options: "-c default_transaction_isolation=serializable" });
    const backend = await open({ schema: "isolation" });
    await backend.commit([], { guard: guardOf(0, 1) });
    const other = await open({ pg: strict, schema: "isolation" });
    await expect(other.commit([], { guard: guardOf(1) })).rejects.toThrow(IncompatibleError);
    await backend.commit([], { guard: guardOf(1) });
    await backend.close();
    await other.close();
  });

  test("goes on when a pooler has lost the prepared statements", async () => {
    const single = poolOf({ max: 1 });
    const backend = await open({ pg: single, schema: "pooler" });
    for (let round = 0; round < 3; round += 1) {
      await backend.putSession(ALICE, new Uint8Array([round]));
      await single.query("DEALLOCATE ALL");
      expect(await backend.getSession(ALICE)).toEqual(new Uint8Array([round]));
    }
    await backend.close();
  });

  test("and those of other schemas are independent", async () => {
    const [one, two] = [await open({ schema: "left_side" }), await open({ schema: "right_side" })];
    await one.putSession(ALICE, new Uint8Array([1]));
    expect(await two.getSession(ALICE)).toBeUndefined();
    await one.close();
    await two.close();
  });
});

describe("an opening", () => {
  test("works in a schema that a user with more rights made", async () => {
    await pool.query("CREATE ROLE bot LOGIN");
    await pool.query("CREATE SCHEMA made AUTHORIZATION bot");
    await pool.query("REVOKE CREATE ON DATABASE postgres FROM PUBLIC");
    const bot = poolOf({}, server.url.replace("postgres@", "bot@"));
    const backend = await open({ pg: bot, schema: "made" });
    await backend.putSession(ALICE, new Uint8Array([1]));
    await backend.close();
    await expect(open({ pg: bot, schema: "not_made" })).rejects.toThrow(BackendError);
  });

  test("of many at the same time makes the tables once", async () => {
    const opened = await Promise.all(
      Array.from({ length: 8 }, (_, index) => open({ schema: "many", account: `account ${index}` })),
    );
    await Promise.all(opened.map((backend) => backend.putSession(ALICE, new Uint8Array([1]))));
    expect(await opened[0]?.listAccounts()).toHaveLength(8);
    for (const backend of opened) await backend.close();
  });

  test("refuses tables of another application, and changes nothing", async () => {
    await pool.query("CREATE SCHEMA taken; CREATE TABLE taken.session (id integer)");
    await expect(open({ schema: "taken" })).rejects.toThrow(IncompatibleError);
    const { rows } = await pool.query(
      "SELECT relname FROM pg_class WHERE relnamespace = 'taken'::regnamespace",
    );
    expect(rows).toEqual([{ relname: "session" }]);
  });

  test("refuses a database of another encoding", async () => {
    await pool.query(
      "CREATE DATABASE ascii ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'",
    );
    const ascii = poolOf({}, server.url.replace(/postgres$/, "ascii"));
    await expect(open({ pg: ascii, schema: "kit" })).rejects.toThrow(IncompatibleError);
  });

  test("needs one client and a plain name of the schema", async () => {
    const driver = plainDriver(() => {});
    for (const options of [{}, { pg: pool, driver }]) {
      await expect(postgresBackend(options)).rejects.toThrow(TypeError);
    }
    const pipelined = poolOf({ pipeline: true });
    await expect(postgresBackend({ pg: pipelined })).rejects.toThrow(TypeError);
    for (const schema of ["", "Kit", "a b", "a;b", "pg_x", '"', "x".repeat(64)]) {
      await expect(postgresBackend({ pg: pool, schema })).rejects.toThrow(TypeError);
    }
    for (const timeoutMs of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
      await expect(postgresBackend({ pg: pool, timeoutMs })).rejects.toThrow(RangeError);
  });

  test("without a server is a failure that names the reason", async () => {
    const nowhere = poolOf({}, "postgres://postgres@127.0.0.1:1/postgres");
    await expect(open({ pg: nowhere, schema: "kit" })).rejects.toThrow(/cannot be reached.*ECONNREFUSED/);
  });
});

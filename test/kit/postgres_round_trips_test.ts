import { Pool } from "pg";
import postgres from "postgres";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type PostgresBackendOptions, postgresBackend } from "../../src/adapters/postgres/mod.ts";
import type { Backend, OwnerGuard, Write } from "../../src/backend/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { openProxy, type PostgresProxy } from "../support/postgres/proxy.ts";
import { type PostgresServer, startPostgresServer, whyNoPostgres } from "../support/postgres/server.ts";

const why = whyNoPostgres();

/** Writes of several tables, and a key twice in one list. */
function writesOf(version: number, bytes: number): Write[] {
  const record = new Uint8Array(bytes).fill(version);
  const sessions = [1, 2, 3, 1].map(
    (user): Write => ({ kind: "session.put", address: `${user}@lid.0`, record }),
  );
  return [...sessions, { kind: "identity.put", address: "1@lid.0", key: new Uint8Array(32).fill(version) }];
}

describe("round trips of a commit", () => {
  let server: PostgresServer;
  let proxy: PostgresProxy;

  beforeAll(async () => {
    if (why !== undefined) return;
    server = await startPostgresServer();
    proxy = await openProxy(server.port);
  });

  beforeEach(({ skip }) => skip(why !== undefined, why));

  afterAll(async () => {
    await proxy?.close();
    await server?.close();
  });

  /** Round trips of each of some commits, after the statements were prepared. */
  async function tripsOf(
    client: Pick<PostgresBackendOptions, "pg" | "postgres" | "prepare">,
    bytes: number,
  ): Promise<number[]> {
    const options = { ...client, account: `trips ${Object.keys(client).join()}`, logger: silentLogger };
    const backend: Backend = await postgresBackend(options);
    const next = { owner: "test", epoch: 1 };
    await backend.commit([], { guard: { owner: undefined, minEpoch: 0, maxEpoch: 0, next } });
    const guard: OwnerGuard = { owner: "test", minEpoch: 1, maxEpoch: 1 };
    const trips: number[] = [];
    for (let version = 1; version <= 4; version += 1) {
      const before = proxy.roundTrips();
      await backend.commit(writesOf(version, bytes), { guard });
      trips.push(proxy.roundTrips() - before);
    }
    await backend.close();
    return trips;
  }

  test("pg: one, also of the first", async () => {
    const pool = new Pool({ connectionString: proxy.url, max: 1 });
    pool.on("error", () => {});
    expect(await tripsOf({ pg: pool }, 1_500)).toEqual([1, 1, 1, 1]);
    expect(await tripsOf({ pg: pool, prepare: false }, 1_500)).toEqual([1, 1, 1, 1]);
    await pool.end();
  });

  test("postgres: three when its statements are prepared", async () => {
    const sql = postgres(proxy.url, { max: 1, onnotice: () => {} });
    // It writes in pieces of a kilobyte, which the server answers one by one.
    expect((await tripsOf({ postgres: sql }, 16)).slice(1)).toEqual([3, 3, 3]);
    await sql.end();
  });
});

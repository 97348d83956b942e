import { postgresBackend } from "../../src/adapters/postgres/mod.ts";
import type { Backend, OwnerGuard, WriteOf } from "../../src/backend/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import type { Comparison } from "../harness/compare.ts";
import type { BenchEntry } from "../harness/entry.ts";
import { type BenchDatabase, openBenchDatabase } from "../support/postgres.ts";

const RECORD_BYTES = 1_500;
const COMMITS = 200;
const READS = 200;
/** Both sides wait for the server most of the time, so their code is compiled late. */
const CPU_MS = { warmUpCpuMs: 1_500, minCpuMs: 800 };
const INCARNATION = "0123456789abcdef".repeat(2);

type SessionPut = WriteOf<"session.put">;

function userOf(index: number): string {
  return `${5_511_900_000_000 + index}`;
}

function session(index: number, version: number): SessionPut {
  return {
    kind: "session.put",
    address: `${userOf(index)}@c.us.0`,
    record: new Uint8Array(RECORD_BYTES).fill(version + index),
    lease: { reservedUntil: 64, incarnation: INCARNATION, burned: 0 },
  };
}

/** The columns and the key of the backend's own table. */
const TABLE = `CREATE TABLE bare_session (device_id bigint NOT NULL, "user" text COLLATE "C" NOT NULL,
  address text COLLATE "C" NOT NULL, reserved_until bigint, incarnation text COLLATE "C", burned bigint,
  record bytea NOT NULL, PRIMARY KEY (device_id, "user", address))`;

const PUT = `INSERT INTO bare_session (device_id, "user", address, reserved_until, incarnation, burned, record)
  VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (device_id, "user", address) DO UPDATE SET
  reserved_until = excluded.reserved_until, incarnation = excluded.incarnation, burned = excluded.burned,
  record = excluded.record`;

const GET = `SELECT reserved_until, incarnation, burned, record FROM bare_session
  WHERE device_id = $1 AND "user" = $2 AND address = $3`;

const GUARD: OwnerGuard = { owner: "bench", minEpoch: 1, maxEpoch: 1 };

/** An owned account. */
async function openOwned({ pool }: BenchDatabase): Promise<Backend> {
  const backend = await postgresBackend({ pg: pool, logger: silentLogger });
  const next = { owner: "bench", epoch: 1 };
  await backend.commit([], { guard: { owner: undefined, minEpoch: 0, maxEpoch: 0, next } });
  return backend;
}

/** Both sides send a prepared statement of one row, one after the other. */
async function oneRowCommits(): Promise<Comparison> {
  const database = await openBenchDatabase();
  const backend = await openOwned(database);
  await database.bare.query(TABLE);
  let version = 0;
  let writes: SessionPut[] = [];
  const prepare = () => {
    version += 1;
    writes = Array.from({ length: COMMITS }, (_, index) => session(index % 50, version));
  };
  return {
    ...CPU_MS,
    ours: {
      prepare,
      run: async () => {
        for (const write of writes) await backend.commit([write], { guard: GUARD });
      },
    },
    theirs: {
      prepare,
      run: async () => {
        for (const { address, record, lease } of writes) {
          const user = address.slice(0, address.indexOf("@"));
          const values = [1, user, address, lease?.reservedUntil, lease?.incarnation, lease?.burned, record];
          await database.bare.query({ name: "put", text: PUT, values });
        }
      },
    },
    close: async () => {
      await backend.close();
      await database.close();
    },
  };
}

/** Both sides read single sessions by a prepared statement. */
async function coldReads(): Promise<Comparison> {
  const database = await openBenchDatabase();
  const backend = await openOwned(database);
  await database.bare.query(TABLE);
  const sessions = Array.from({ length: READS }, (_, index) => session(index, 1));
  await backend.commit(sessions, { guard: GUARD });
  await database.bare.query(`INSERT INTO bare_session SELECT * FROM holdfast.session`);
  return {
    ...CPU_MS,
    ours: {
      run: async () => {
        for (const { address } of sessions) await backend.loadSessionRow(address);
      },
    },
    theirs: {
      run: async () => {
        for (const { address } of sessions) {
          const user = address.slice(0, address.indexOf("@"));
          await database.bare.query({ name: "get", text: GET, values: [1, user, address] });
        }
      },
    },
    close: async () => {
      await backend.close();
      await database.close();
    },
  };
}

export const entries: readonly BenchEntry[] = [
  {
    name: "postgres.round_trips_per_commit",
    kind: "count",
    unit: "round trips",
    limit: { max: 1 },
    against: "through pg, counted at the socket: lock, guard, and rows of two tables",
    run: async () => {
      const database = await openBenchDatabase(true);
      const backend = await openOwned(database);
      const before = database.proxy?.roundTrips() ?? 0;
      for (let index = 0; index < 100; index += 1) {
        const key = new Uint8Array(32).fill(index);
        const write = session(index, 1);
        await backend.commit([write, { kind: "identity.put", address: write.address, key }], {
          guard: GUARD,
        });
      }
      const trips = (database.proxy?.roundTrips() ?? 0) - before;
      await backend.close();
      await database.close();
      return trips / 100;
    },
  },
  {
    name: "postgres.one_row_commit.client_cpu_vs_bare",
    kind: "ratio",
    unit: "ratio",
    limit: { max: 2.5 },
    against: "one prepared upsert of the same row by a client of pg, without lock, guard and checks",
    open: oneRowCommits,
  },
  {
    name: "postgres.cold_read.client_cpu_vs_bare",
    kind: "ratio",
    unit: "ratio",
    against: "one prepared SELECT by a client of pg, which converts the row",
    open: coldReads,
  },
];

/**
 * A Durable Object that commits sessions to its own SQLite, and counts read and written rows as the platform
 * bills them: an index entry counts as a row. No other SQLite reports that.
 */

import { openSqliteBackend, type SqlDriver, type SqlValue } from "../../src/adapters/sqlite/mod.ts";
import type { Backend, Write, WriteOf } from "../../src/backend/mod.ts";
import { FencedError } from "../../src/errors/mod.ts";

/** The part of a Durable Object's storage that is used here. */
interface Storage {
  readonly sql: { exec(sql: string, ...params: unknown[]): Cursor };
  transactionSync<T>(run: () => T): T;
}

interface Cursor {
  raw(): { toArray(): (string | number | null | ArrayBuffer)[][] };
  readonly rowsRead: number;
  readonly rowsWritten: number;
}

/** Rows read and written by one kind of work. */
export interface Rows {
  readonly read: number;
  readonly written: number;
}

/** The counts. */
export interface CountedRows {
  /** Rows per existing session that is written again, in a commit of many. */
  readonly sessionUpsert: Rows;
  /** A guarded commit, besides its writes. */
  readonly guard: Rows;
  /** One session that is read by its address, among many. */
  readonly coldRead: Rows;
  /** The same per session when many are read together. */
  readonly coldReadOfMany: Rows;
  /** An opening of a database that has its schema. */
  readonly opening: Rows;
  /** Rows for each row of any kind that housekeeping removes, among ten that stay. */
  readonly expiry: Rows;
  /** Rows for each mark of a removed device, among fifty devices in each group. */
  readonly markRemoval: Rows;
}

/** Rows of each kind that expire: those that have expired, and those that stay. */
const EXPIRED = 200;
const LIVE = 2_000;

const GROUPS = 40;
const MEMBERS = 50;

const SESSIONS = 300;
const RECORD_BYTES = 1_500;

class CountingDriver implements SqlDriver {
  readonly limits = { maxParameters: 100, maxSqlBytes: 100_000, maxValueBytes: 2_000_000 };
  readonly durable = true;
  rowsRead = 0;
  rowsWritten = 0;
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  async query(sql: string, params: readonly SqlValue[]): Promise<SqlValue[][]> {
    return this.#run(sql, params);
  }

  async batch(
    statements: Parameters<SqlDriver["batch"]>[0],
  ): Promise<{ rows: SqlValue[][]; rowsAffected: number }[]> {
    try {
      return this.#storage.transactionSync(() =>
        // The measured code does not need the number of changed rows.
        statements.map(({ sql, params }) => ({ rows: this.#run(sql, params), rowsAffected: 0 })),
      );
    } catch (error) {
      if (String(error).includes("malformed JSON")) throw new FencedError("commit: fenced", { cause: error });
      throw error;
    }
  }

  async close(): Promise<void> {}

  #run(sql: string, params: readonly SqlValue[]): SqlValue[][] {
    const cursor = this.#storage.sql.exec(sql, ...params);
    const rows = cursor.raw().toArray();
    this.rowsRead += cursor.rowsRead;
    this.rowsWritten += cursor.rowsWritten;
    return rows.map((row) => row.map((cell) => (cell instanceof ArrayBuffer ? new Uint8Array(cell) : cell)));
  }
}

function sessions(version: number): WriteOf<"session.put">[] {
  return Array.from({ length: SESSIONS }, (_, index) => ({
    kind: "session.put",
    address: `${5_511_900_000_000 + index}:${(index % 5) + 1}@c.us.0`,
    record: new Uint8Array(RECORD_BYTES).fill(version),
  }));
}

async function measure(storage: Storage): Promise<CountedRows> {
  const driver = new CountingDriver(storage);
  const backend: Backend = await openSqliteBackend(driver);
  const rowsOf = async (work: () => Promise<unknown>): Promise<Rows> => {
    const { rowsRead, rowsWritten } = driver;
    await work();
    return { read: driver.rowsRead - rowsRead, written: driver.rowsWritten - rowsWritten };
  };
  const addresses = sessions(1).map(({ address }) => address);
  await backend.commit(sessions(1));
  const commit = await rowsOf(() => backend.commit(sessions(2)));
  const next = { owner: "bench", epoch: 1 };
  await backend.commit([], { guard: { owner: undefined, minEpoch: 0, maxEpoch: 0, next } });
  const guard = { owner: "bench", minEpoch: 1, maxEpoch: 1 };
  const guarded = await rowsOf(() => backend.commit(sessions(3), { guard }));
  const many = await rowsOf(() => backend.loadSessionRows(addresses));
  return {
    sessionUpsert: each(commit),
    guard: { read: guarded.read - commit.read, written: guarded.written - commit.written },
    coldRead: await rowsOf(() => backend.loadSessionRow(addresses[SESSIONS / 2] ?? "")),
    coldReadOfMany: each(many),
    opening: await rowsOf(() => openSqliteBackend(driver)),
    expiry: await measureExpiry(backend, rowsOf),
    markRemoval: await measureMarkRemoval(backend, rowsOf),
  };
}

type RowsOf = (work: () => Promise<unknown>) => Promise<Rows>;

/** Rows that housekeeping reads and writes for one that it removes. */
async function measureExpiry(backend: Backend, rowsOf: RowsOf): Promise<Rows> {
  const bytes = new Uint8Array(32);
  const writes = Array.from({ length: EXPIRED + LIVE }, (_, index): Write[] => {
    const at = index < EXPIRED ? 1 : 1_000;
    // Keys in another order than the times.
    const id = String((index * 7_919) % (EXPIRED + LIVE));
    return [
      { kind: "sentMessage.put", chat: "chat", id, payload: bytes, createdAt: at },
      { kind: "baseKey.put", address: "1000@lid.0", messageId: id, key: bytes, createdAt: at },
      {
        kind: "pendingInbound.put",
        rows: [{ chat: "chat", sender: "1000@lid", id, payload: bytes, receivedAt: at }],
      },
      {
        kind: "msgSecret.put",
        entries: [{ chat: "chat", sender: "1000@lid", id, secret: bytes, expiresAt: at, messageTs: 0 }],
      },
      {
        kind: "tcToken.put",
        jid: `${id}@lid`,
        entry: { token: bytes, tokenTimestamp: at, senderTimestamp: undefined },
      },
    ];
  });
  await backend.commit(writes.flat());
  const cutoff = 10;
  const expiries: Write[] = [
    { kind: "sentMessage.expire", cutoff, limit: undefined },
    { kind: "baseKey.expire", cutoff, limit: undefined },
    { kind: "pendingInbound.expire", cutoff, limit: undefined },
    { kind: "msgSecret.expire", cutoff, limit: undefined },
    { kind: "tcToken.expire", tokenCutoff: cutoff, senderCutoff: cutoff, limit: undefined },
  ];
  const { read, written } = await rowsOf(() => backend.commit(expiries));
  const removed = expiries.length * EXPIRED;
  return { read: read / removed, written: written / removed };
}

async function measureMarkRemoval(backend: Backend, rowsOf: RowsOf): Promise<Rows> {
  for (let group = 0; group < GROUPS; group += 1) {
    const entries = Array.from({ length: MEMBERS }, (_, member) => [`${member}@lid`, true] as const);
    await backend.commit([{ kind: "senderKeyDevices.set", group: `${group}@g.us`, entries }]);
  }
  const { read, written } = await rowsOf(() => backend.deleteSenderKeyDeviceRows(["7@lid"]));
  return { read: read / GROUPS, written: written / GROUPS };
}

function each({ read, written }: Rows): Rows {
  return { read: read / SESSIONS, written: written / SESSIONS };
}

/** The Durable Object. Its only answer is a `CountedRows`. */
export class RowCounter {
  readonly #storage: Storage;

  constructor(state: { readonly storage: Storage }) {
    this.#storage = state.storage;
  }

  async fetch(): Promise<Response> {
    return Response.json(await measure(this.#storage));
  }
}

/** The Worker in front of it. */
export default {
  fetch(
    _request: Request,
    env: {
      ROWS: {
        idFromName(name: string): unknown;
        get(id: unknown): { fetch(url: string): Promise<Response> };
      };
    },
  ): Promise<Response> {
    return env.ROWS.get(env.ROWS.idFromName("bench")).fetch("http://object/");
  },
};

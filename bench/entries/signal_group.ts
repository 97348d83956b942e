import { join } from "node:path";
import { type Account, openAccount } from "../../mod.ts";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { openSqliteBackend } from "../../src/adapters/sqlite/mod.ts";
import { SessionRecord } from "../../src/ratchet/mod.ts";
import { signalCache } from "../../src/signal/mod.ts";
import type { Comparison } from "../harness/compare.ts";
import type { BenchEntry } from "../harness/entry.ts";
import { type CountingDriver, countingDriver } from "../support/counting_driver.ts";
import { makeFolder } from "../support/folder.ts";
import { advance, freshRecord } from "../support/sample_records.ts";
import { openLoop, SAME_ROWS } from "../support/session_loop.ts";

/**
 * The largest group with two devices per member: the recipients of the first message after a change of the
 * sender key.
 */
const MEMBERS = 1_024;
const DEVICES = 2;

const OPTIONS = { saverIntervalMs: "manual" } as const;

/** The memory of an account in a Durable Object. */
const OBJECT_BYTES = 8 * 1_024 * 1_024;

const addresses: readonly string[] = Array.from({ length: MEMBERS * DEVICES }, (_, index) => {
  const device = index % DEVICES === 0 ? "" : `:${index % DEVICES}`;
  return `${100_000_000_000 + Math.floor(index / DEVICES) * 7_919}${device}@lid.0`;
});

async function putSessions(account: Account): Promise<void> {
  await account.commitWith(
    addresses.map((address) => ({ kind: "session.put", address, record: freshRecord().encode() })),
  );
}

/**
 * Sends a sender key to all devices. Each session is loaded, sends one message, and must be durable before
 * the messages are sent.
 */
async function distribute(account: Account): Promise<void> {
  const cache = signalCache(account);
  const records = await cache.sessions.loadMany(addresses);
  for (const [index, address] of addresses.entries()) {
    const record = records[index];
    if (record === undefined) throw new Error("a session was lost");
    advance(record);
    await cache.sessions.put(address, record);
  }
  await cache.publishable(addresses);
}

async function countStatements(): Promise<{ queries: number; commits: number; statements: number }> {
  const folder = makeFolder();
  const driver: CountingDriver = await countingDriver(`file:${join(folder.path, "account.db")}`);
  const account = await openAccount({ backend: openSqliteBackend(driver), ...OPTIONS });
  await putSessions(account);
  driver.queries.length = 0;
  driver.batches.length = 0;
  await distribute(account);
  const counts = {
    queries: driver.queries.length,
    commits: driver.batches.length,
    statements: driver.batches.reduce((sum, count) => sum + count, 0),
  };
  await account.close();
  folder.remove();
  return counts;
}

/** Number of queries to load the sessions, and the identities, again after they were used. */
async function queriesWarm(maxBytes: number | undefined): Promise<number> {
  const folder = makeFolder();
  const driver = await countingDriver(`file:${join(folder.path, "account.db")}`);
  const backend = openSqliteBackend(driver);
  const account = await openAccount({ backend, saverIntervalMs: "manual", signal: { maxBytes } });
  await putSessions(account);
  const { sessions, identities } = signalCache(account);
  for (const address of addresses) await identities.put(address, new Uint8Array(32).fill(1));
  await distribute(account);
  await account.flush();
  driver.queries.length = 0;
  for (let pass = 0; pass < 2; pass += 1) {
    await sessions.loadMany(addresses);
    for (const address of addresses) await identities.load(address);
  }
  const queries = driver.queries.length;
  await account.close();
  folder.remove();
  return queries;
}

/**
 * The same by a loop: each session is read by a prepared statement, decoded, advanced, encoded and written in
 * one transaction.
 */
async function distributing(): Promise<Comparison> {
  const folder = makeFolder();
  const url = `file:${join(folder.path, "account.db")}`;
  const account = await openAccount({
    backend: libsqlBackend({ url }),
    ...OPTIONS,
  });
  await putSessions(account);
  const loop = openLoop(join(folder.path, "loop.db"), SAME_ROWS);
  loop.write(addresses.map((address) => SAME_ROWS.params(address, freshRecord().encode())));
  const select = loop.file.prepare(SAME_ROWS.select);
  const sendAll = (): void => {
    const rows = addresses.map((address) => {
      const [row] = select.all(SAME_ROWS.key(address)) as { record: ArrayBuffer }[];
      if (row === undefined) throw new Error("a session was lost");
      const record = SessionRecord.decode(new Uint8Array(row.record), { owned: true });
      advance(record);
      return SAME_ROWS.params(address, record.encode());
    });
    loop.write(rows);
  };
  return {
    ours: {
      prepare: async () => {
        await account.flush();
        signalCache(account).clear();
      },
      run: () => distribute(account),
    },
    theirs: { run: sendAll },
    close: async () => {
      await account.close();
      loop.file.close();
      folder.remove();
    },
  };
}

let counted: ReturnType<typeof countStatements> | undefined;

function count(name: "queries" | "commits" | "statements"): () => Promise<number> {
  return async () => {
    counted ??= countStatements();
    return (await counted)[name];
  };
}

const WHAT = "2,048 sessions that are not in memory are loaded, send one message each, and are durable";

export const entries: readonly BenchEntry[] = [
  {
    name: "signal.group_1024x2.queries",
    kind: "count",
    unit: "queries",
    limit: { max: 1 },
    against: WHAT,
    run: count("queries"),
  },
  {
    name: "signal.group_1024x2.commits",
    kind: "count",
    unit: "commits",
    limit: { max: 1 },
    against: WHAT,
    run: count("commits"),
  },
  {
    name: "signal.group_1024x2.statements",
    kind: "count",
    unit: "statements",
    limit: { max: 20 },
    against: `${WHAT}; statements of the commit, the guard included`,
    run: count("statements"),
  },
  {
    name: "signal.group_2048.queries_warm",
    kind: "count",
    unit: "queries",
    limit: { max: 0 },
    against:
      "2,048 sessions and identities are loaded again, in the memory of a process and in that of an object",
    run: async () => ({ process: await queriesWarm(undefined), object: await queriesWarm(OBJECT_BYTES) }),
  },
  {
    name: "signal.group_1024x2.ratio_vs_loop",
    kind: "ratio",
    unit: "ratio",
    against:
      "a prepared SELECT for each session, decoding, the HMAC of one message, encoding, and a prepared loop in one transaction",
    open: distributing,
  },
];

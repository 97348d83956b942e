import { join } from "node:path";
import Database from "libsql";
import { type Account, openAccount } from "../../mod.ts";
import { openLibsqlDriver } from "../../src/adapters/libsql/open_driver.ts";
import { openSqliteBackend, type SqlValue } from "../../src/adapters/sqlite/mod.ts";
import type { Jid } from "../../src/addresses/mod.ts";
import { directory } from "../../src/directory/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { SessionChain, SessionRecord } from "../../src/ratchet/mod.ts";
import { signalCache } from "../../src/signal/mod.ts";
import type { Comparison } from "../harness/compare.ts";
import type { BenchEntry } from "../harness/entry.ts";
import { makeFolder } from "../support/folder.ts";
import { nodeHmacChain } from "../support/node_hmac.ts";
import { freshRecord } from "../support/sample_records.ts";

const MACS = 10_000;
const MEMBERS = 1_024;
const SESSIONS = 2_048;

/** Steps of one fast-forward: the most that a receiver skips. */
const STEPS = 2_000;

const indexMacs: readonly Uint8Array[] = Array.from({ length: MACS }, (_, index) => {
  const mac = new Uint8Array(32);
  new DataView(mac.buffer).setUint32(0, Math.imul(index, 2_654_435_761));
  new DataView(mac.buffer).setUint32(4, index);
  return mac;
});

const members: readonly Jid[] = Array.from({ length: MEMBERS }, (_, index) => ({
  user: `1${String(index).padStart(14, "0")}`,
  server: "lid",
  device: 0,
  agent: 0,
}));

const addresses: readonly string[] = Array.from(
  { length: SESSIONS },
  (_, index) => `${100_000_000_000 + (index >> 1) * 7_919}${index % 2 === 0 ? "" : ":1"}@lid.0`,
);

/** One batched read, and what it needs. */
interface BatchedRead {
  fill(account: Account): Promise<unknown>;
  /** Empties the memory. */
  forget?(account: Account): void;
  read(account: Account): Promise<unknown>;
  /** What every reader must make of the rows of a statement. In place of `read`, for a floor. */
  make?(rows: readonly Row[]): unknown;
}

/** A row of the native library. */
type Row = readonly [first: Buffer, ...others: unknown[]];

/** A read, compared with its own statements: prepared once, with the same parameters, by the native library. */
async function againstStatements({ fill, forget, read, make }: BatchedRead): Promise<Comparison> {
  const folder = makeFolder();
  const file = join(folder.path, "account.db");
  const inner = await openLibsqlDriver({ url: `file:${file}`, logger: silentLogger });
  const queries: [sql: string, params: readonly SqlValue[]][] = [];
  const account = await openAccount({
    backend: openSqliteBackend({
      limits: inner.limits,
      durable: inner.durable,
      query: (sql, params, onlyFirst) => {
        queries.push([sql, params]);
        return inner.query(sql, params, onlyFirst);
      },
      batch: (statements) => inner.batch(statements),
      close: () => inner.close(),
    }),
    saverIntervalMs: "manual",
  });
  await fill(account);
  // The first time reads what is read once.
  await read(account);
  forget?.(account);
  queries.length = 0;
  await read(account);
  const database = new Database(file);
  const statements = queries.map(([sql, params]) => {
    const statement = database.prepare(sql);
    statement.raw(true);
    return () => statement.all([...params]) as Row[];
  });
  let made: unknown;
  const readAndMake = (): void => {
    made = statements.map((run) => make?.(run()));
  };
  const forgetMade = (): unknown => {
    const before = made;
    made = undefined;
    return before;
  };
  return {
    ours:
      make === undefined
        ? { prepare: () => forget?.(account), run: () => read(account) }
        : { prepare: forgetMade, run: readAndMake },
    theirs: {
      run: () => {
        for (const run of statements) run();
      },
    },
    warmUpCpuMs: 2_000,
    close: async () => {
      await account.close();
      database.close();
      folder.remove();
    },
  };
}

function fastForwarding(): Comparison {
  const key = new Uint8Array(32).fill(7);
  const ratchetKey = new Uint8Array(33).fill(5, 0, 1);
  const chain = SessionChain.create({ ratchetKey, chainKey: key });
  return {
    ours: { run: () => chain.fastForward(STEPS) },
    theirs: { run: () => nodeHmacChain(key, STEPS) },
  };
}

const SESSION_READS: BatchedRead = {
  fill: (account) =>
    account.commitWith(
      addresses.map((address) => ({ kind: "session.put", address, record: freshRecord().encode() })),
    ),
  forget: (account) => signalCache(account).clear(),
  read: (account) => signalCache(account).sessions.loadMany(addresses),
};

/** A session, and its bytes, which a memory keeps. */
function decodeRow([{ buffer, byteOffset, byteLength }]: Row): object {
  const stored = new Uint8Array(buffer, byteOffset, byteLength);
  return { stored, session: SessionRecord.decode(stored, { owned: true }) };
}

const STATEMENTS = "the same statements and parameters, prepared once, by the native library alone";

/** What the statements and the decoder allocate is collected while all rows are alive. */
const VARIES =
  "most of it beside the statements is the collection of garbage, which other work makes twice as long";

export const entries: readonly BenchEntry[] = [
  {
    name: "reads.mutation_macs_10k.ratio_vs_query",
    kind: "ratio",
    unit: "ratio",
    limit: { max: 2 },
    against: STATEMENTS,
    open: () =>
      againstStatements({
        fill: ({ store }) =>
          store.putMutationMacs(
            "regular",
            1n,
            indexMacs.map((indexMac) => ({ indexMac, valueMac: new Uint8Array(32).fill(1) })),
          ),
        read: ({ store }) => store.getMutationMacs("regular", indexMacs),
      }),
  },
  {
    name: "reads.devices_1024.ratio_vs_query",
    kind: "ratio",
    unit: "ratio",
    limit: { max: 2 },
    against: `${STATEMENTS}; ours decodes the lists and keeps them in memory`,
    open: () =>
      againstStatements({
        fill: ({ store }) =>
          store.updateDeviceLists(
            members.map(({ user }) => ({ user, devices: [{ deviceId: 0 }, { deviceId: 2 }], timestamp: 1 })),
          ),
        forget: (account) => directory(account).devices.forgetAll(),
        read: (account) => directory(account).devices.getDevicesFor(members),
      }),
  },
  {
    name: "reads.sessions_2048.ratio_vs_query",
    kind: "ratio",
    unit: "ratio",
    limit: { max: 2 },
    against: `${STATEMENTS}; ours decodes the sessions and keeps them in memory`,
    leftOutOfCi: VARIES,
    open: () => againstStatements(SESSION_READS),
  },
  {
    name: "reads.sessions_2048.floor",
    kind: "ratio",
    unit: "ratio",
    against: `${STATEMENTS}; ours is these statements and the decoding of each session`,
    open: () => againstStatements({ ...SESSION_READS, make: (rows) => rows.map(decodeRow) }),
  },
  {
    name: "ratchet.fast_forward_2000.ratio_vs_node_hmac",
    kind: "ratio",
    unit: "ratio",
    limit: { max: 2 },
    against: "createHmac of node:crypto, 2,000 times",
    open: fastForwarding,
  },
];

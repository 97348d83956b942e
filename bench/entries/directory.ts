import { join } from "node:path";
import Database from "libsql";
import { type Account, openAccount } from "../../mod.ts";
import { openSqliteBackend } from "../../src/adapters/sqlite/mod.ts";
import type { Jid } from "../../src/addresses/mod.ts";
import type { LidPnMapping, Write } from "../../src/backend/mod.ts";
import { directory } from "../../src/directory/mod.ts";
import { SenderKeyRecord, SenderKeyState } from "../../src/ratchet/mod.ts";
import type { Comparison } from "../harness/compare.ts";
import type { BenchEntry } from "../harness/entry.ts";
import { type CountingDriver, countingDriver } from "../support/counting_driver.ts";
import { makeFolder } from "../support/folder.ts";
import { freshRecord } from "../support/sample_records.ts";

const MAPPINGS = 100_000;
const WARMED = 10_000;
const MEMBERS = 1_024;
const MOVED = 1_000;

/** Limit of reads and writes together. One statement per row would be more than ten thousand. */
const MAX_STATEMENTS = 400;

const GROUP = "120363000000000001@g.us";
const MOVED_STATE = "users with an identity, two sessions, a sender key and a device list each";

function mappings(count: number): LidPnMapping[] {
  return Array.from({ length: count }, (_, n) => ({
    lid: `1${String(n).padStart(14, "0")}`,
    phoneNumber: `55${String(n).padStart(11, "0")}`,
    createdAt: 1_700_000_000 + n,
    updatedAt: 1_700_000_000 + n,
    learningSource: "usync",
  }));
}

interface Opened {
  readonly account: Account;
  readonly driver: CountingDriver;
}

/** A file and the account in it. */
interface AccountFile {
  readonly path: string;
  /** Closes the account and opens it again with empty memory, as another process would. */
  reopen(): Promise<Opened>;
  close(): Promise<void>;
}

function openFile(): AccountFile {
  const folder = makeFolder();
  const path = join(folder.path, "account.db");
  let open: Opened | undefined;
  return {
    path,
    reopen: async () => {
      await open?.account.close();
      const driver = await countingDriver(`file:${path}`);
      const backend = await openSqliteBackend(driver, {});
      driver.queries.length = 0;
      driver.batches.length = 0;
      open = { account: await openAccount({ backend }), driver };
      return open;
    },
    close: async () => {
      await open?.account.close();
      folder.remove();
    },
  };
}

/** Runs a count over a file. */
async function overFile<T>(count: (reopen: () => Promise<Opened>) => Promise<T>): Promise<T> {
  const file = openFile();
  try {
    return await count(file.reopen);
  } finally {
    await file.close();
  }
}

/** Number of queries to open an account whose database has many mappings. */
async function queriesOfOpening(): Promise<number> {
  return await overFile(async (reopen) => {
    const { account } = await reopen();
    await account.store.putLidMappings(mappings(MAPPINGS));
    const { driver } = await reopen();
    if (driver.queries.some((sql) => sql.includes("lid_mapping"))) throw new Error("mappings were read");
    return driver.queries.length;
  });
}

/** Reads the rows of a warm-up in one statement. */
type Selecting = (parts: {
  readonly file: string;
  readonly driver: CountingDriver;
  readonly sql: string;
}) => {
  select(): unknown;
  close(): void;
};

const byDriver: Selecting = ({ driver, sql }) => ({ select: () => driver.query(sql, []), close: () => {} });

const byNativeLibrary: Selecting = ({ file, sql }) => {
  const db = new Database(file);
  const statement = db.prepare(sql);
  return { select: () => statement.all([]), close: () => db.close() };
};

/** A warm-up, compared with one statement that reads the same rows. */
async function warmingUp(selecting: Selecting): Promise<Comparison> {
  const file = openFile();
  const { account, driver } = await file.reopen();
  await account.store.putLidMappings(mappings(MAPPINGS));
  const columns = "lid, phone_number, created_at, updated_at, learning_source, seq";
  const sql = `SELECT ${columns} FROM lid_mapping WHERE device_id = 1 ORDER BY created_at DESC, seq DESC LIMIT ${WARMED}`;
  if ((await driver.query(sql, [])).length !== WARMED) throw new Error("not as many mappings as expected");
  const selected = selecting({ file: file.path, driver, sql });
  return {
    ours: { run: () => account.lid.warmUp({ limit: WARMED }) },
    theirs: { run: selected.select },
    close: async () => {
      selected.close();
      await file.close();
    },
  };
}

/** Number of queries for the devices of a large group of phone numbers with empty memory. */
async function queriesOfGroup(): Promise<number> {
  return await overFile(async (reopen) => {
    const { account } = await reopen();
    const known = mappings(MEMBERS);
    await account.store.putLidMappings(known);
    await account.store.updateDeviceLists(
      known.map(({ lid }) => ({ user: lid, devices: [{ deviceId: 0 }, { deviceId: 2 }], timestamp: 1 })),
    );
    const next = await reopen();
    const { devices } = directory(next.account);
    next.driver.queries.length = 0;
    const users = known.map(
      ({ phoneNumber }): Jid => ({ user: phoneNumber, server: "s.whatsapp.net", device: 0, agent: 0 }),
    );
    const lists = await devices.getDevicesFor(users);
    if (lists.some((list) => list?.length !== 2)) throw new Error("a list is missing");
    return next.driver.queries.length;
  });
}

function senderKeyRecord(): Uint8Array {
  const record = new SenderKeyRecord();
  const signingPublic = new Uint8Array(33).fill(5, 0, 1);
  record.putState(SenderKeyState.create({ keyId: 7, seed: new Uint8Array(32), signingPublic }));
  return record.encode();
}

/** The state of each user under the phone number before the migration. */
function stateOf({ phoneNumber }: LidPnMapping): Write[] {
  const key = new Uint8Array(32).fill(1);
  const senderKey = senderKeyRecord();
  const record = freshRecord().encode();
  return [
    { kind: "identity.put", address: `${phoneNumber}@c.us.0`, key },
    { kind: "session.put", address: `${phoneNumber}@c.us.0`, record },
    { kind: "session.put", address: `${phoneNumber}:2@c.us.0`, record },
    { kind: "senderKey.put", name: `${GROUP}:${phoneNumber}@c.us.0`, record: senderKey },
    {
      kind: "deviceList.put",
      records: [{ user: phoneNumber, devices: [{ deviceId: 0 }, { deviceId: 2 }], timestamp: 1 }],
    },
  ];
}

/** Counts commits and statements to move the users of a large group. */
async function measureMigration(): Promise<Record<"commits" | "statements", number>> {
  return await overFile(async (reopen) => {
    const { account } = await reopen();
    const users = mappings(MOVED);
    await account.commitWith(users.flatMap(stateOf));
    const next = await reopen();
    const { learn, devices } = directory(next.account);
    next.driver.queries.length = 0;
    next.driver.batches.length = 0;
    const { resolved } = await learn(users, { source: "usync" });
    const statements =
      next.driver.queries.length + next.driver.batches.reduce((sum, count) => sum + count, 0);
    const commits = next.driver.batches.length;
    const lids = users.map(({ lid }): Jid => ({ user: lid, server: "lid", device: 0, agent: 0 }));
    const lists = await devices.getDevicesFor(lids);
    const left = await next.account.store.listSignalAddresses(users.map(({ phoneNumber }) => phoneNumber));
    const moved = await next.account.store.listSignalAddresses(users.map(({ lid }) => lid));
    if (resolved.length !== MOVED || lists.includes(undefined)) throw new Error("a user was not moved");
    if (left.length > 0 || moved.length !== 4 * MOVED) throw new Error("not all state was moved");
    return { commits, statements };
  });
}

let migrations: ReturnType<typeof measureMigration> | undefined;

/** One of the two counts, measured once for both entries. */
async function migration(name: "commits" | "statements"): Promise<number> {
  migrations ??= measureMigration();
  return (await migrations)[name];
}

export const entries: readonly BenchEntry[] = [
  {
    name: "lid.open_with_100k_mappings.queries",
    kind: "count",
    unit: "queries",
    limit: { max: 3 },
    against: "reading statements of opening an account; none reads a mapping",
    run: queriesOfOpening,
  },
  {
    name: "lid.warm_up_10k.ratio_vs_select",
    kind: "ratio",
    unit: "ratio",
    limit: { max: 1.5 },
    against: "one SELECT of the same rows by the backend's driver",
    open: () => warmingUp(byDriver),
  },
  {
    name: "lid.warm_up_10k.ratio_vs_native_select",
    kind: "ratio",
    unit: "ratio",
    against: "one SELECT of the same rows by the native library alone",
    open: () => warmingUp(byNativeLibrary),
  },
  {
    name: "registry.resolve_1024_member_group.queries",
    kind: "count",
    unit: "queries",
    limit: { max: 2 },
    run: queriesOfGroup,
  },
  {
    name: "migration.1000_users.commits",
    kind: "count",
    unit: "commits",
    against: MOVED_STATE,
    run: () => migration("commits"),
  },
  {
    name: "migration.1000_users.statements",
    kind: "count",
    unit: "statements",
    limit: { max: MAX_STATEMENTS },
    against: `${MOVED_STATE}; reads and writes, five rows of each user removed and put`,
    run: () => migration("statements"),
  },
];

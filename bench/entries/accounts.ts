import { readdirSync } from "node:fs";
import { join } from "node:path";
import { openAccount } from "../../mod.ts";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { openSqliteBackend } from "../../src/adapters/sqlite/mod.ts";
import type { Backend, CommitOptions, Write } from "../../src/backend/mod.ts";
import type { Comparison } from "../harness/compare.ts";
import type { BenchEntry } from "../harness/entry.ts";
import { collectGarbage } from "../support/collect_garbage.ts";
import { countingDriver } from "../support/counting_driver.ts";
import { makeFolder } from "../support/folder.ts";

const ACCOUNTS = 100;
/** Sessions of one commit. */
const SESSIONS = 10;
const RECORD_BYTES = 1_500;

function nameOf(index: number): string {
  return `account-${index}`;
}

/** Opens accounts that share a file, each with an owner. */
async function openBackends(file: string, count: number): Promise<Backend[]> {
  const backends: Backend[] = [];
  for (let index = 0; index < count; index += 1) {
    const backend = await libsqlBackend({ url: `file:${file}`, account: nameOf(index) });
    const next = { owner: "bench", epoch: 1 };
    await backend.commit([], { guard: { owner: undefined, minEpoch: 0, maxEpoch: 0, next } });
    backends.push(backend);
  }
  return backends;
}

const OWNED: CommitOptions = { guard: { owner: "bench", minEpoch: 1, maxEpoch: 1 } };

/** Sessions of one account, or the ones at `offset` of a larger one. Records are new each time. */
function newSessions(version: number, offset: number): Write[] {
  return Array.from({ length: SESSIONS }, (_, index) => ({
    kind: "session.put",
    address: `${5_511_900_000_000 + offset + index}@c.us.0`,
    record: new Uint8Array(RECORD_BYTES).fill(version + index),
  }));
}

/**
 * A hundred commits by a hundred accounts of one file, compared with a hundred commits by one account: the
 * same rows in a table of the same size.
 */
async function committing(): Promise<Comparison> {
  const folder = makeFolder();
  const many = await openBackends(join(folder.path, "many.db"), ACCOUNTS);
  const [one] = await openBackends(join(folder.path, "one.db"), 1);
  if (one === undefined) throw new Error("no account was opened");
  let version = 0;
  let commits: Write[][] = [];
  const prepare = (): void => {
    version += 1;
    commits = many.map((_, index) => newSessions(version, index * SESSIONS));
  };
  return {
    ours: {
      prepare,
      run: async () => {
        for (const [index, backend] of many.entries()) await backend.commit(commits[index] ?? [], OWNED);
      },
    },
    theirs: {
      prepare,
      run: async () => {
        for (const writes of commits) await one.commit(writes, OWNED);
      },
    },
    close: async () => {
      for (const backend of [...many, one]) await backend.close();
      folder.remove();
    },
  };
}

/** Number of descriptors of this process, on Linux only. */
function openDescriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

async function descriptorsOfMany(): Promise<number> {
  const folder = makeFolder();
  const before = openDescriptors();
  const backends = await openBackends(join(folder.path, "many.db"), ACCOUNTS);
  await collectGarbage();
  const open = openDescriptors() - before;
  for (const backend of backends) await backend.close();
  folder.remove();
  return open;
}

/** Number of queries to open an account in a file with a hundred accounts. */
async function queriesOfOpening(): Promise<number> {
  const folder = makeFolder();
  const file = join(folder.path, "many.db");
  for (const backend of await openBackends(file, ACCOUNTS)) await backend.close();
  let queries = 0;
  // The first opening creates the device.
  for (let opening = 0; opening < 2; opening += 1) {
    const driver = await countingDriver(`file:${file}`);
    const backend = await openSqliteBackend(driver, { account: nameOf(ACCOUNTS - 1) });
    driver.queries.length = 0;
    const account = await openAccount({ backend });
    queries = driver.queries.length;
    await account.close();
  }
  folder.remove();
  return queries;
}

/** Half of them while another account of the file is open. */
const OPENINGS = 10_000;

/** The most descriptors while one account is opened, written to and closed again and again. */
async function mostDescriptors(isHeld: boolean): Promise<number> {
  const folder = makeFolder();
  const url = `file:${join(folder.path, "account.db")}`;
  const holder = isHeld ? await libsqlBackend({ url, account: "other" }) : undefined;
  const before = openDescriptors();
  let most = 0;
  for (let opening = 0; opening < OPENINGS / 2; opening += 1) {
    const account = await openAccount({ backend: libsqlBackend({ url }), housekeeping: false });
    account.device.processCommand({ kind: "setPushName", pushName: `opening ${opening}` });
    await account.close();
    most = Math.max(most, openDescriptors() - before);
  }
  await holder?.close();
  folder.remove();
  return most;
}

export const entries: readonly BenchEntry[] = [
  {
    name: "accounts.100_in_one_file.descriptors",
    kind: "figure",
    unit: "descriptors",
    against:
      "one connection has three: the database, its log and its shared memory; after a collection of garbage",
    run: descriptorsOfMany,
  },
  {
    name: "accounts.100_in_one_file.queries_of_opening",
    kind: "count",
    unit: "queries",
    limit: { max: 3 },
    against: "reading statements of opening one more account",
    run: queriesOfOpening,
  },
  {
    name: "accounts.100_in_one_file.commit_ratio_vs_one_account",
    kind: "ratio",
    unit: "ratio",
    against: "as many commits of ten sessions by one account, in a table as large",
    open: committing,
  },
  {
    name: "libsql.descriptors_after_10k_cycles",
    kind: "count",
    isLong: true,
    unit: "descriptors",
    limit: { max: 64 },
    against:
      "one account of one file, opened, written to and closed; alone, and while another account is open",
    run: async () => Math.max(await mostDescriptors(false), await mostDescriptors(true)),
  },
];

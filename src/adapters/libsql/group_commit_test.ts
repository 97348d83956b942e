import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Backend, Write } from "../../backend/mod.ts";
import { silentLogger } from "../../ports/mod.ts";
import { type NativeLibrary, openFileBackend, openSqliteFile } from "../sqlite_file/mod.ts";
import { NativeClient } from "../sqlite_file/native_client.ts";
import type { SqliteResult } from "../sqlite_file/sqlite_client.ts";

const ALICE = "5511999990000@c.us.0";

let folder: string;
let path: string;
let open: Backend[];
/** Statements of each transaction of the file. */
let transactions: number[];
/** The greatest number of the file's pages; 0 for no limit. */
let maxPages: number;
/** Statements that fail once, by a part of their text. */
let failing: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-group-"));
  path = join(folder, "fleet.db");
  open = [];
  transactions = [];
  maxPages = 0;
  failing = [];
});

afterEach(async () => {
  for (const backend of open) await backend.close();
  rmSync(folder, { recursive: true, force: true });
});

class WatchedClient extends NativeClient {
  override async batch(...[statements, mode]: Parameters<NativeClient["batch"]>): Promise<SqliteResult[]> {
    transactions.push(statements.length);
    if (maxPages > 0) await this.execute({ sql: `PRAGMA max_page_count = ${maxPages}`, args: [] });
    const at = failing.findIndex((text) => statements.some(({ sql }) => sql.includes(text)));
    if (at >= 0) throw Object.assign(new Error("the machine is odd"), { code: failing.splice(at, 1)[0] });
    return await super.batch(statements, mode);
  }
}

async function openAccounts(count: number): Promise<Backend[]> {
  for (let index = 0; index < count; index += 1) {
    const connect = (file: string): NativeClient =>
      new WatchedClient(Database as unknown as NativeLibrary, file, 50);
    const driver = await openSqliteFile({ path, logger: silentLogger, connect });
    const backend = await openFileBackend(driver, { account: `bot-${index}` });
    await backend.commit([], {
      guard: { owner: undefined, minEpoch: 0, maxEpoch: 0, next: { owner: "o", epoch: 1 } },
    });
    open.push(backend);
  }
  transactions.length = 0;
  return open;
}

const guard = { owner: "o", minEpoch: 1, maxEpoch: 1 };

function put(byte: number, bytes = 10): Write[] {
  return [{ kind: "session.put", address: ALICE, record: new Uint8Array(bytes).fill(byte) }];
}

async function firstBytes(): Promise<(number | undefined)[]> {
  return await Promise.all(open.map(async (backend) => (await backend.getSession(ALICE))?.[0]));
}

describe("accounts of one file", () => {
  test("commit together in one transaction, with one raise of the file's pair", async () => {
    const accounts = await openAccounts(20);
    const changed = await Promise.all(
      accounts.map((backend, index) => backend.commit(put(index), { guard })),
    );
    expect(changed).toEqual(accounts.map(() => [1]));
    expect(transactions).toHaveLength(1);
    // A guard and a row of each, and at most one raise.
    expect(transactions[0]).toBeLessThanOrEqual(2 * 20 + 1);
    expect(await firstBytes()).toEqual(accounts.map((_, index) => index));
  });

  test("an account that is taken over is fenced alone", async () => {
    const accounts = await openAccounts(10);
    const next = { owner: "later", epoch: 2 };
    await accounts[4]?.commit([], { guard: { ...guard, next } });
    transactions.length = 0;
    const results = await Promise.allSettled(accounts.map((backend) => backend.commit(put(7), { guard })));
    expect(results.flatMap(({ status }, index) => (status === "rejected" ? [index] : []))).toEqual([4]);
    expect(results[4]).toMatchObject({ reason: { code: "fenced" } });
    expect(transactions).toHaveLength(1 + 10);
    expect(await firstBytes()).toEqual(accounts.map((_, index) => (index === 4 ? undefined : 7)));
  });

  test("a change of the owner shares no transaction", async () => {
    const accounts = await openAccounts(3);
    const next = { owner: "o", epoch: 2 };
    await Promise.all(
      accounts.map((backend, index) =>
        backend.commit(put(1), { guard: index === 1 ? { ...guard, next } : guard }),
      ),
    );
    expect(transactions).toHaveLength(3);
    expect(await firstBytes()).toEqual([1, 1, 1]);
  });

  test("when the disk is full, what has room alone is committed", async () => {
    const accounts = await openAccounts(6);
    // Room for some pages: not for the large commit.
    const [[pages] = []] = new Database(path).prepare("PRAGMA page_count").raw(true).all() as number[][];
    maxPages = Number(pages) + 12;
    const results = await Promise.allSettled(
      accounts.map((backend, index) => backend.commit(put(5, index === 2 ? 600_000 : 10), { guard })),
    );
    expect(results.flatMap(({ status }, index) => (status === "rejected" ? [index] : []))).toEqual([2]);
    expect(results[2]).toMatchObject({
      reason: { code: "failed", message: expect.stringContaining("full") },
    });
    expect(await firstBytes()).toEqual([5, 5, undefined, 5, 5, 5]);
    maxPages = 1_000_000;
    await accounts[2]?.commit(put(5, 600_000), { guard });
    expect(await firstBytes()).toEqual([5, 5, 5, 5, 5, 5]);
  });

  test("wait together for another writer", async () => {
    const accounts = await openAccounts(5);
    const other = new Database(path);
    other.exec("BEGIN IMMEDIATE");
    const commits = accounts.map((backend) => backend.commit(put(3), { guard }));
    await new Promise((resolve) => setTimeout(resolve, 120));
    other.exec("ROLLBACK");
    other.close();
    await Promise.all(commits);
    expect(await firstBytes()).toEqual([3, 3, 3, 3, 3]);
    // Each try is one transaction of all five.
    expect(new Set(transactions).size).toBe(1);
  });

  test("when the answer is lost, each account is told so", async () => {
    const accounts = await openAccounts(4);
    failing.push("session");
    const results = await Promise.allSettled(accounts.map((backend) => backend.commit(put(9), { guard })));
    for (const result of results) expect(result).toMatchObject({ reason: { code: "ambiguous" } });
    expect(transactions).toHaveLength(1);
  });

  test("one account has no wait for a turn, and commits alone", async () => {
    const [account] = await openAccounts(1);
    let isTurnOver = false;
    const turn = new Promise<void>((resolve) => {
      setImmediate(() => {
        isTurnOver = true;
        resolve();
      });
    });
    await account?.commit(put(1), { guard });
    expect(isTurnOver).toBe(false);
    await turn;
  });
});

/**
 * Processes of two releases take the accounts of one file from each other, send, and are killed with SIGKILL at
 * random moments: those of the release before first, and this release beside them. No key is used twice, and
 * what was durable is there at the end. Does not cover the loss of power.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { openLibsqlDriver } from "../../src/adapters/libsql/open_driver.ts";
import { readSchema } from "../../src/adapters/sqlite/migrate.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { type ContentionRecord, contend, lost } from "../process/contention.ts";
import { DOSED_TIMEOUT_MS } from "../support/dose.ts";
import { buildProgram, type NodeProgram } from "../support/programs/node_program.ts";
import { buildWithFormerRelease, whyNoFormerRelease } from "./former_release.ts";

const SEED = Number(process.env.HOLDFAST_SEED ?? 20_261_201);
const PROCESSES = 4;
const ACCOUNTS = 6;
/** Ciphertexts of each phase. */
const MESSAGES = 400;

const reason = whyNoFormerRelease();
const folder = mkdtempSync(join(tmpdir(), "holdfast-two-releases-"));
let before: NodeProgram;
let after: NodeProgram;

beforeAll(async () => {
  for (const method of ["log", "info", "warn", "error"] as const)
    vi.spyOn(console, method).mockImplementation(() => {});
  if (reason !== undefined) return;
  before = await buildWithFormerRelease();
  after = await buildProgram("test/upgrade/release_contender.ts");
});

afterAll(() => {
  vi.restoreAllMocks();
  before?.remove();
  after?.remove();
  rmSync(folder, { recursive: true, force: true });
});

async function schemaOf(url: string) {
  const driver = await openLibsqlDriver({ url, logger: silentLogger });
  const schema = await readSchema(driver);
  await driver.close();
  return schema;
}

async function lostOver(url: string, record: ContentionRecord): Promise<string[]> {
  return await lost(record, (account) => libsqlBackend({ url, account, logger: silentLogger }));
}

test(`an upgrade under load repeats no key and loses nothing (seed ${SEED})`, {
  timeout: DOSED_TIMEOUT_MS,
}, async ({ skip }) => {
  if (reason !== undefined) skip(reason);
  const url = `file:${join(folder, "upgraded.db")}`;
  const shared = { url, processes: PROCESSES, accounts: ACCOUNTS, killEveryMs: 300 };
  const alone = await contend({
    ...{ ...shared, kills: 3, seed: SEED },
    programOf: () => ["before", before],
    isEnough: ({ keys }) => keys.size >= MESSAGES,
  });
  expect(alone.failures).toEqual([]);
  expect(alone.repeated).toEqual([]);
  expect(await schemaOf(url)).toEqual({ version: 3, floor: 2 });

  // The first processes are of the release before. Each that is killed is started again by the newer one.
  const upgraded = await contend({
    ...{ ...shared, kills: 3 * PROCESSES, seed: SEED + 1 },
    programOf: (started) => (started < PROCESSES ? ["before", before] : ["after", after]),
    isEnough: ({ sentBy, refused }) =>
      refused > 0 && (sentBy.get("after") ?? 0) >= MESSAGES && (sentBy.get("before") ?? 0) > 0,
  });
  expect(upgraded.failures).toEqual([]);
  expect(upgraded.repeated).toEqual([]);
  expect([...alone.keys].filter((key) => upgraded.keys.has(key))).toEqual([]);
  expect(await schemaOf(url)).toEqual({ version: 5, floor: 5 });
  expect(await lostOver(url, alone)).toEqual([]);
  expect(await lostOver(url, upgraded)).toEqual([]);
  process.stderr.write(
    `two releases: ${alone.keys.size} and ${upgraded.keys.size} messages, ${upgraded.fenced} times fenced, ` +
      `the release before was refused ${upgraded.refused} times\n`,
  );
});

test("the release before writes nothing into an upgraded file", { timeout: DOSED_TIMEOUT_MS }, async ({
  skip,
}) => {
  if (reason !== undefined) skip(reason);
  const url = `file:${join(folder, "newer.db")}`;
  const shared = { url, processes: 2, accounts: 2, killEveryMs: 300, seed: SEED };
  const ours = await contend({
    ...{ ...shared, kills: 1 },
    programOf: () => ["after", after],
    isEnough: ({ keys }) => keys.size >= 20,
  });
  expect(ours.failures).toEqual([]);
  const contents = async () => {
    const driver = await openLibsqlDriver({ url, logger: silentLogger });
    const rows = await driver.query("SELECT name, owner, epoch FROM account ORDER BY name", []);
    const [counts] = await driver.query("SELECT count(*), total(length(record)) FROM session", []);
    await driver.close();
    return { rows, counts };
  };
  const found = await contents();
  const refused = await contend({
    ...{ ...shared, kills: 0 },
    programOf: () => ["before", before],
    isEnough: (record) => {
      // Nothing is fenced here, which is what the processes usually wait for.
      record.fenced = 1;
      return record.refused >= 10;
    },
  });
  expect(refused.failures).toEqual([]);
  expect(refused.keys.size).toBe(0);
  expect(await contents()).toEqual(found);
});

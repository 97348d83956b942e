/**
 * Ten processes take the accounts of one database from each other, send, and are killed with SIGKILL at random
 * moments. No key is used twice, what was durable is there at the end, and no caller meets another error than
 * that it was fenced. Does not cover the loss of power.
 */
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Curve, generateSignalPubKey } from "baileys";
import { Pool } from "pg";
import { afterAll, describe, expect, test } from "vitest";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { postgresBackend } from "../../src/adapters/postgres/mod.ts";
import type { Backend } from "../../src/backend/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { SeededRandom } from "../../src/testing/mod.ts";
import { DOSED_TIMEOUT_MS, dose } from "../support/dose.ts";
import { type PostgresServer, startPostgresServer, whyNoPostgres } from "../support/postgres/server.ts";
import { pairedCreds } from "../support/whatsapp/mod.ts";
import { CHAT, type FromContender, type PeerBundle } from "./contender.ts";
import { programForFile } from "./program_for_file.ts";

const PROCESSES = dose({ short: 4, long: 10 });
const ACCOUNTS = dose({ short: 2, long: 5 });
/** How long they run at least once the first of them has sent. A busy machine starts a process in seconds. */
const RUN_MS = dose({ short: 2_000, long: 60_000 });
const KILLS = dose({ short: 5, long: 100 });
/** Mean time between two kills. */
const KILL_EVERY_MS = dose({ short: 200, long: 400 });
const SEED = Number(process.env.HOLDFAST_SEED ?? 20_261_202);

const program = programForFile("test/process/contender.ts");

/** Everything that the processes have printed. */
class Record {
  readonly keys = new Set<string>();
  readonly repeated: string[] = [];
  readonly failures: string[] = [];
  /** What is durable, by account. */
  readonly durable = new Map<number, string[]>();
  opened = 0;
  fenced = 0;

  hear(line: FromContender): void {
    if (line.kind === "failed") this.failures.push(line.error);
    if (line.kind === "opened") this.opened += 1;
    if (line.kind === "fenced") this.fenced += 1;
    if (line.kind === "sent") {
      const key = `${line.account} ${line.key}`;
      if (this.keys.has(key)) this.repeated.push(key);
      this.keys.add(key);
    }
    if (line.kind === "durable") {
      this.durable.set(line.account, [...(this.durable.get(line.account) ?? []), line.id]);
    }
  }
}

function bundleOf(): PeerBundle {
  const { registrationId, signedIdentityKey, signedPreKey } = pairedCreds({ pn: "15550000002" });
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
  return {
    registrationId,
    identityKey: base64(generateSignalPubKey(signedIdentityKey.public)),
    keyId: signedPreKey.keyId,
    publicKey: base64(generateSignalPubKey(signedPreKey.keyPair.public)),
    signature: base64(
      Curve.sign(signedIdentityKey.private, generateSignalPubKey(signedPreKey.keyPair.public)),
    ),
  };
}

/** Runs the processes for a while, and starts another one for each that is killed. */
async function contend(url: string): Promise<Record> {
  const random = new SeededRandom(SEED);
  const record = new Record();
  const bundle = JSON.stringify(bundleOf());
  const living = new Set<ChildProcessWithoutNullStreams>();
  /** Those that have said something. */
  const started = new Set<ChildProcessWithoutNullStreams>();
  const ends: Promise<void>[] = [];
  const start = (): void => {
    const child = program.start([url, String(ACCOUNTS), String(random.below(2 ** 31))]);
    living.add(child);
    child.stdout.once("data", () => started.add(child));
    ends.push(follow(child, record));
    child.stdin.on("error", () => {});
    child.stdin.write(`${bundle}\n`);
  };
  const end = (child: ChildProcessWithoutNullStreams): void => {
    living.delete(child);
    started.delete(child);
    child.kill("SIGKILL");
  };
  for (let index = 0; index < PROCESSES; index += 1) start();
  let sinceMs = Number.POSITIVE_INFINITY;
  let kills = 0;
  while (kills < KILLS || record.fenced === 0 || Date.now() < sinceMs + RUN_MS) {
    await new Promise((resolve) => setTimeout(resolve, random.below(2 * KILL_EVERY_MS)));
    if (record.failures.length > 0) break;
    if (record.keys.size > 0) sinceMs = Math.min(sinceMs, Date.now());
    const victim = [...started][random.below(Math.max(1, started.size))];
    if (victim === undefined || started.size < 2) continue;
    end(victim);
    kills += 1;
    start();
  }
  for (const child of living) end(child);
  await Promise.all(ends);
  return record;
}

async function follow(child: ChildProcessWithoutNullStreams, record: Record): Promise<void> {
  const exit = once(child, "exit");
  let errors = "";
  child.stderr.on("data", (text: Buffer) => {
    errors += text.toString();
  });
  for await (const line of createInterface({ input: child.stdout })) {
    // The last line of a killed process may be torn.
    if (line.endsWith("}")) record.hear(JSON.parse(line) as FromContender);
  }
  const [code] = (await exit) as [number | null];
  if (code !== null) record.failures.push(`a process ended with ${code}: ${errors}`);
}

/** What was durable and is not there. */
async function lost(
  record: Record,
  open: (account: string) => Backend | Promise<Backend>,
): Promise<string[]> {
  const missing: string[] = [];
  for (const [account, ids] of record.durable) {
    const backend = await open(`bot-${account}`);
    for (const id of ids) if ((await backend.getSentMessage(CHAT, id)) === undefined) missing.push(id);
    await backend.close();
  }
  return missing;
}

function expectSound(record: Record): void {
  expect(record.failures).toEqual([]);
  expect(record.repeated).toEqual([]);
  expect(record.keys.size).toBeGreaterThan(PROCESSES);
  expect(record.fenced).toBeGreaterThan(0);
}

describe("processes that take each other's accounts", () => {
  test(`repeat no key and lose nothing over one file (seed ${SEED})`, {
    timeout: DOSED_TIMEOUT_MS,
  }, async () => {
    const url = `file:${join(program.folder, "contended.db")}`;
    const record = await contend(url);
    expectSound(record);
    expect(await lost(record, (account) => libsqlBackend({ url, account, logger: silentLogger }))).toEqual(
      [],
    );
  });
});

describe("processes that take each other's accounts over PostgreSQL", () => {
  let server: PostgresServer | undefined;
  afterAll(() => server?.close());

  test(`repeat no key and lose nothing (seed ${SEED})`, { timeout: DOSED_TIMEOUT_MS }, async ({ skip }) => {
    const reason = whyNoPostgres();
    if (reason !== undefined) skip(reason);
    server = await startPostgresServer();
    const record = await contend(server.url);
    expectSound(record);
    const pool = new Pool({ connectionString: server.url });
    // A connection that is closing may hear of the end of the server.
    pool.on("error", () => {});
    expect(await lost(record, (account) => postgresBackend({ pg: pool, account }))).toEqual([]);
    await pool.end();
  });
});

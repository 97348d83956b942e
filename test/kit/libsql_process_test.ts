import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import type { Backend } from "../../src/backend/mod.ts";
import { SeededRandom } from "../../src/testing/mod.ts";
import { DOSED_TIMEOUT_MS, dose } from "../support/dose.ts";
import { buildProgram, type NodeProgram } from "../support/programs/node_program.ts";

const KILLS = dose({ short: 3, long: 25 });
const COMMITS = dose({ short: 60, long: 600 });

let folder: string;
let program: NodeProgram;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-process-"));
  program = await buildProgram("test/kit/libsql_writer.ts");
});

afterAll(() => {
  program.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** A writer process, its reports, and its end. */
interface Writer {
  readonly process: ChildProcess;
  readonly reported: number[];
  readonly errors: () => string;
  readonly over: Promise<number | null>;
}

function startWriter(url: string, account: string, commits: number): Writer {
  const child = program.start([url, account, String(commits)]);
  const reported: number[] = [];
  let text = "";
  let errors = "";
  child.stdout.on("data", (chunk: Buffer) => {
    text += String(chunk);
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    reported.push(...lines.map(Number));
  });
  child.stderr.on("data", (chunk: Buffer) => {
    errors += String(chunk);
  });
  const over = new Promise<number | null>((done) => child.on("close", done));
  return { process: child, reported, errors: () => errors, over };
}

async function latest(backend: Backend): Promise<number> {
  const record = await backend.getSession("latest@lid.0");
  return record === undefined ? 0 : Number(new TextDecoder().decode(record));
}

/**
 * Counts the completely stored commits. @throws When one is stored in part, or one before the last is
 * missing.
 */
async function storedCommits(backend: Backend): Promise<number> {
  const last = await latest(backend);
  for (let n = 1; n <= last + 1; n += 1) {
    const parts = await backend.getSessions([1, 2, 3].map((part) => `${n}:${part}@lid.0`));
    const present = parts.filter((part) => part !== undefined).length;
    if (present !== (n <= last ? 3 : 0)) throw new Error(`commit ${n} of ${last} has ${present} of 3 parts`);
  }
  return last;
}

describe("libsqlBackend over processes", () => {
  test(
    "loses no commit when processes write concurrently",
    async () => {
      const url = `file:${join(folder, "shared.db")}`;
      const accounts = ["one", "two", "three"];
      // The file does not exist yet, so the writers create and migrate it concurrently.
      const writers = accounts.map((account) => startWriter(url, account, COMMITS));
      for (const writer of writers) expect(await writer.over, writer.errors()).toBe(0);
      for (const account of accounts) {
        const backend = await libsqlBackend({ url, account });
        expect(await storedCommits(backend)).toBe(COMMITS);
        await backend.close();
      }
    },
    DOSED_TIMEOUT_MS,
  );

  test(
    "keeps every acknowledged commit of a killed process, whole",
    async () => {
      const random = new SeededRandom(7);
      for (let round = 0; round < KILLS; round += 1) {
        const url = `file:${join(folder, `killed-${round}.db`)}`;
        const writer = startWriter(url, "main", 1_000_000);
        const enough = 20 + (random.bytes(1)[0] ?? 0);
        while (writer.reported.length < enough && writer.process.exitCode === null) {
          await new Promise((next) => setTimeout(next, 1));
        }
        writer.process.kill("SIGKILL");
        await writer.over;
        expect(writer.reported.length, writer.errors()).toBeGreaterThanOrEqual(enough);
        const backend = await libsqlBackend({ url, account: "main" });
        const told = writer.reported.at(-1) ?? 0;
        const stored = await storedCommits(backend);
        // The last commit may have been applied just before its report.
        expect(stored === told || stored === told + 1, `told ${told}, stored ${stored}`).toBe(true);
        await backend.close();
      }
    },
    DOSED_TIMEOUT_MS,
  );
});

/**
 * `npm start`, killed with SIGKILL at random moments and started again: no message is lost and none is
 * repeated. Runs the built program, as `npm start` does after the build. Does not cover the loss of power.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { SeededRandom } from "../../src/testing/mod.ts";
import { DOSED_TIMEOUT_MS, dose } from "../support/dose.ts";

const PROGRAM = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));
const KILLS = dose({ short: 4, long: 20 });
const MESSAGES = 40;
/** More messages than a killed run can exchange. */
const ENDLESS = 1_000_000;
const SEED = Number(process.env.HOLDFAST_SEED ?? 20_261_122);

const folder = mkdtempSync(join(tmpdir(), "holdfast-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** Runs the program in its own process group. `killAfterMs` kills the whole group. */
function start(database: string, messages: number, killAfterMs?: number): Promise<Ended> {
  const child = spawn(
    process.execPath,
    [PROGRAM, "--only", "conversation", "--messages", String(messages), "--db", `file:${database}`],
    {
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let output = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  child.stderr.on("data", (chunk) => {
    output += chunk;
  });
  return new Promise((resolve, reject) => {
    const timer =
      killAfterMs === undefined
        ? undefined
        : setTimeout(() => {
            // Without a pid there is no group to kill, since -0 would be the group of the tests.
            if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
          }, killAfterMs);
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ code, output });
    });
  });
}

/** The program's summary of the conversation. */
function summary(output: string): { inAll: number; intact: boolean } {
  const found = /([\d,]+) in all: (.*)/.exec(output);
  if (found === null) throw new Error(`no summary in:\n${output}`);
  return { inAll: Number(found[1]?.replaceAll(",", "")), intact: found[2] === "each exactly once, in order" };
}

describe("npm start", () => {
  test(`loses and repeats no message over ${KILLS} kills (seed ${SEED})`, {
    timeout: DOSED_TIMEOUT_MS,
  }, async () => {
    expect(existsSync(PROGRAM), "npm run build comes first").toBe(true);
    const random = new SeededRandom(SEED);
    const database = join(folder, "conversation.db");

    const startedAt = performance.now();
    const first = await start(database, MESSAGES);
    const runMs = performance.now() - startedAt;
    expect(first.code, first.output).toBe(0);
    expect(summary(first.output)).toEqual({ inAll: MESSAGES, intact: true });

    // Kills range from before the database is opened to well within the work. The last one is within it on a
    // machine that has become three times as slow, too.
    for (let round = 0; round < KILLS; round += 1) {
      const isLast = round === KILLS - 1;
      const killAfterMs = isLast ? 3 * runMs : 50 + random.below(Math.ceil(1.5 * runMs));
      const { code, output } = await start(database, ENDLESS, killAfterMs);
      expect(code, `round ${round} ended by itself:\n${output}`).toBeNull();
    }

    const last = await start(database, MESSAGES);
    expect(last.code, last.output).toBe(0);
    const end = summary(last.output);
    expect(end.intact, last.output).toBe(true);
    // Some kills fell in the middle, and messages before them still count.
    expect(end.inAll).toBeGreaterThan(2 * MESSAGES);
  });

  test("explains invalid flags and changes nothing", async () => {
    for (const args of [
      ["--messages", "0"],
      ["--message", "1"],
      ["--db"],
      ["--db", ":memory:"],
      ["--only", "x"],
    ]) {
      const child = spawn(process.execPath, [PROGRAM, ...args], {
        stdio: ["ignore", "pipe", "pipe"],
        cwd: folder,
      });
      let complaint = "";
      child.stderr.on("data", (chunk) => {
        complaint += chunk;
      });
      const code = await new Promise((resolve) => child.on("close", resolve));
      expect(code).toBe(1);
      expect(complaint).toMatch(/^start: .+\n\nUsage: /);
    }
    expect(existsSync(join(folder, "holdfast.db"))).toBe(false);
  });
});

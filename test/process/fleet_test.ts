/**
 * Many accounts in one process: what they take while they are open, and what they leave. Does not cover
 * accounts that are in use.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DOSED_TIMEOUT_MS, dose } from "../support/dose.ts";
import { buildProgram, type NodeProgram } from "../support/programs/node_program.ts";
import type { ClosedFleet, OpenFleet } from "./fleet_host.ts";

const GIB = 1_024 ** 3;

/** The accounts that must fit into a GiB. A shorter run opens fewer of them, and counts the heap of the rest. */
const FLEET = 10_000;
const OPENED = dose({ short: 300, long: FLEET });

/**
 * What a heap of many small objects takes of the memory of the process, at most, by its size. Ten thousand
 * accounts with a heap of 43 kB each were measured at 579 MB, which is 1.33 times as much.
 */
const RESIDENT_BY_HEAP = 1.6;

const CYCLES = dose({ short: 400, long: 10_000 });

/** Heap that one cycle may leave: what the engine still compiles. An account takes fourteen times as much. */
const LEFT_BYTES = 1_000;

let program: NodeProgram;
let folder = "";

beforeAll(async () => {
  program = await buildProgram("test/process/fleet_host.ts");
  folder = mkdtempSync(join(tmpdir(), "holdfast-fleet-"));
});

afterAll(() => {
  program.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs the program to its end, and returns what it printed. */
async function answerOf<Answer>(...args: string[]): Promise<Answer> {
  const child = program.start(args);
  let printed = "";
  let errors = "";
  child.stdout.on("data", (text) => {
    printed += text;
  });
  child.stderr.on("data", (text) => {
    errors += text;
  });
  const code = await new Promise((resolve) => child.on("close", resolve));
  if (code !== 0) throw new Error(`the process ended with ${code}: ${errors}`);
  return JSON.parse(printed) as Answer;
}

test.skipIf(!existsSync("/proc/self/status"))(
  "ten thousand accounts of one file are open within 1 GiB, on one timer",
  async () => {
    const fleet = await answerOf<OpenFleet>("open", join(folder, "fleet.db"), String(OPENED));
    const rest = (FLEET - OPENED) * fleet.heapOfOne * RESIDENT_BY_HEAP;
    expect(fleet.peak + rest).toBeLessThan(GIB);
    expect(fleet.timers).toBeLessThanOrEqual(1);
  },
  DOSED_TIMEOUT_MS,
);

test(
  "accounts that were used and closed leave no memory, no timer and no listener",
  async () => {
    const { before, after, timers, listeners } = await answerOf<ClosedFleet>("cycle", String(CYCLES));
    expect(after - before).toBeLessThan(CYCLES * LEFT_BYTES);
    expect({ timers, listeners }).toEqual({ timers: 0, listeners: 0 });
  },
  DOSED_TIMEOUT_MS,
);

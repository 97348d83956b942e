/**
 * A sending process is recorded, and the power fails after any of its calls. On every state that the disk may
 * have then, the account opens with its identity, no key is used twice, and the peer reads what is sent next. Does
 * not cover a disk that says that it has stored what it has not.
 */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { SeededRandom } from "../../src/testing/mod.ts";
import { DOSED_TIMEOUT_MS, dose } from "../support/dose.ts";
import { programForFile } from "./program_for_file.ts";
import {
  canRecord,
  type DiskCall,
  LOSSES,
  type Loss,
  RecordedDisk,
  readRecording,
  recorder,
} from "./recorded_disk.ts";
import { runSender } from "./run_sender.ts";
import { SenderReader } from "./sender_reader.ts";

const SEED = Number(process.env.HOLDFAST_SEED ?? 20_261_201);

/** Direct messages that are recorded. */
const MESSAGES = dose({ short: 60, long: 400 });

/** Losses of power: in the calls that make the account, and in those that follow. */
const LOST = dose({ short: { making: 3, sending: 6 }, long: { making: 150, sending: 450 } });

const program = programForFile("test/process/sender.ts");

/** The calls of a sending process, and what its peer has read after each line, the first before all lines. */
interface Recording {
  readonly calls: readonly DiskCall[];
  readonly readers: readonly SenderReader[];
}

/** A disk on which the power fails. */
class FailingDisk {
  readonly folder = join(program.folder, "disk");
  readonly #run = { program, url: `file:${join(this.folder, "sender.db")}`, isNative: true, afterMs: 0 };

  async record(): Promise<Recording> {
    rmSync(this.folder, { recursive: true, force: true });
    mkdirSync(this.folder);
    const trace = join(program.folder, "trace");
    const reader = new SenderReader();
    const readers = [reader.copy()];
    const onLine = (): void => void readers.push(reader.copy());
    await runSender(reader, { ...this.#run, messages: MESSAGES, under: recorder(trace), onLine });
    return { calls: readRecording(trace, this.folder), readers };
  }

  /** Writes a state to the disk, and sends from there. Returns how many sessions the peer was asked for anew. */
  async sendAfter(
    disk: RecordedDisk,
    loss: Loss,
    random: SeededRandom,
    reader: SenderReader,
  ): Promise<number> {
    disk.writeTo(this.folder, loss, random);
    const after = reader.copy();
    await runSender(after, { ...this.#run, messages: 2 });
    expect(after.identities.size, "the account has another identity").toBe(1);
    return after.sessions - reader.sessions;
  }
}

/** Some of the numbers from `from` to `to`, in ascending order. */
function pick(count: number, from: number, to: number, random: SeededRandom): Set<number> {
  const all = Array.from({ length: to - from }, (_, index) => from + index);
  return new Set(Array.from({ length: count }, () => all.splice(random.below(all.length), 1)[0] ?? from));
}

describe("a loss of power", () => {
  let disk: FailingDisk;
  let recording: Recording;
  /** The first call after the first message. */
  let firstSent: number;

  beforeEach(({ skip }) => skip(!canRecord(), "strace is not installed"));

  beforeAll(async () => {
    if (!canRecord()) return;
    disk = new FailingDisk();
    recording = await disk.record();
    firstSent = recording.calls.findIndex((call) => call.kind === "said" && call.line.includes('"direct"'));
    expect(firstSent).toBeGreaterThan(0);
  }, DOSED_TIMEOUT_MS);

  test(
    `leaves no key to be used twice (seed ${SEED})`,
    async () => {
      const random = new SeededRandom(SEED);
      const { calls, readers } = recording;
      const points = new Set([
        ...pick(LOST.making, 0, firstSent, random),
        ...pick(LOST.sending, firstSent, calls.length, random),
      ]);
      const recorded = new RecordedDisk();
      let [said, renewed] = [0, 0];
      for (const [index, call] of calls.entries()) {
        recorded.make(call);
        if (call.kind === "said") said += 1;
        const reader = readers[said];
        if (!points.has(index) || reader === undefined) continue;
        const loss = LOSSES[random.below(LOSSES.length)] ?? "all";
        const sessions = await disk.sendAfter(recorded, loss, random, reader).catch((cause: unknown) => {
          throw new Error(`power lost after call ${index} of ${calls.length} (${call.kind}): ${loss}`, {
            cause,
          });
        });
        if (index >= firstSent) renewed += sessions;
      }
      process.stderr.write(
        `${points.size} losses of power over ${calls.length} calls, ${renewed} sessions anew\n`,
      );
      // What left its process is durable, so the session goes on.
      expect(renewed).toBe(0);
    },
    DOSED_TIMEOUT_MS,
  );

  // Shows that the test above can fail.
  test(
    "lets keys be used twice on a disk that stores nothing when it is asked to",
    async () => {
      const { calls, readers } = recording;
      const recorded = new RecordedDisk();
      const synced = calls.findLastIndex(({ kind }) => kind === "said");
      const lied = calls.findIndex(({ kind }, index) => index >= firstSent && kind === "sync");
      for (const [index, call] of calls.slice(0, synced + 1).entries()) {
        if (call.kind !== "sync" || index < lied) recorded.make(call);
      }
      const reader = readers.at(-1) as SenderReader;
      await expect(disk.sendAfter(recorded, "all", new SeededRandom(SEED), reader)).rejects.toThrow(
        "left twice",
      );
    },
    DOSED_TIMEOUT_MS,
  );
});

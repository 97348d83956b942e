import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatCount } from "../progress.ts";
import { spawnProgram } from "../spawn_worker.ts";
import type { ExchangeOrder, ExchangeReport } from "./exchange.ts";
import { type Frame, messageKeyName, SIDES, type SideName } from "./frame.ts";
import type { StateName } from "./side_state.ts";

/** What a conversation over one state came to. */
export interface Outcome {
  /** Messages that left. */
  readonly sent: number;
  /** Messages whose key had encrypted another one before. */
  readonly repeatedKeys: number;
  /** Messages that their reader could not decrypt. */
  readonly lost: number;
  /** Files or rows written. */
  readonly written: number;
}

/**
 * Runs one conversation over Baileys' files and over an account of Holdfast. Each is killed with SIGKILL in
 * the moment when half of its messages have left, and goes on in a new process.
 */
export async function compareStates(messages: number): Promise<Readonly<Record<StateName, Outcome>>> {
  return { files: await converse("files", messages), holdfast: await converse("holdfast", messages) };
}

/** The server between the sides: it sees each frame, and keeps those that are not read yet. */
class Server {
  readonly #keys = new Set<string>();
  readonly #waiting = new Map<string, Frame>();
  readonly #left: Readonly<Record<SideName, Set<number>>> = { alice: new Set(), bob: new Set() };
  #repeatedKeys = 0;
  #unreadable = 0;
  #written = 0;
  #writtenBefore = 0;

  take(report: ExchangeReport): void {
    this.#written = this.#writtenBefore + report.written;
    if (report.event === "left") this.#takeFrame(report.frame);
    else if (report.event !== "done") {
      this.#waiting.delete(`${report.author} ${report.number}`);
      if (report.event === "unreadable") this.#unreadable += 1;
    }
  }

  #takeFrame(frame: Frame): void {
    const key = messageKeyName(frame);
    if (this.#keys.has(key)) this.#repeatedKeys += 1;
    this.#keys.add(key);
    this.#left[frame.author].add(frame.number);
    this.#waiting.set(`${frame.author} ${frame.number}`, frame);
  }

  /** What the next process has to do, after the end of one. */
  orderNext(numbers: Readonly<Record<SideName, number>>): Pick<ExchangeOrder, "send" | "waiting"> {
    this.#writtenBefore = this.#written;
    const missing = (side: SideName): number[] =>
      Array.from({ length: numbers[side] }, (_, number) => number).filter(
        (number) => !this.#left[side].has(number),
      );
    return { send: { alice: missing("alice"), bob: missing("bob") }, waiting: [...this.#waiting.values()] };
  }

  outcome(): Outcome {
    return {
      sent: SIDES.reduce((sum, side) => sum + this.#left[side].size, 0),
      repeatedKeys: this.#repeatedKeys,
      lost: this.#unreadable + this.#waiting.size,
      written: this.#written,
    };
  }
}

async function converse(state: StateName, messages: number): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-comparison-"));
  try {
    const server = new Server();
    const numbers = { alice: Math.ceil(messages / 2), bob: Math.floor(messages / 2) };
    const killAt = Math.ceil(messages / 2);
    const first = await exchange({ state, folder, killAt, ...server.orderNext(numbers) }, server);
    if (first.signal !== "SIGKILL") throw new Error(first.complaint || `exchange ended with ${first.code}`);
    const second = await exchange({ state, folder, ...server.orderNext(numbers) }, server);
    if (second.code !== 0) throw new Error(second.complaint || `exchange ended with ${second.signal}`);
    return server.outcome();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function exchange(order: ExchangeOrder, server: Server): ReturnType<typeof spawnProgram>["ended"] {
  const take = (report: ExchangeReport): void => server.take(report);
  return spawnProgram("comparison/exchange", [], take, `${JSON.stringify(order)}\n`).ended;
}

/** The outcomes side by side. */
export function comparisonTable({ files, holdfast }: Readonly<Record<StateName, Outcome>>): string[] {
  const rate = ({ written, sent }: Outcome): string => (written / Math.max(1, sent)).toFixed(2);
  const rows: [what: string, files: string, holdfast: string][] = [
    ["", "Baileys' files", "Holdfast"],
    ["messages sent", formatCount(files.sent), formatCount(holdfast.sent)],
    ["keys used for two messages", formatCount(files.repeatedKeys), formatCount(holdfast.repeatedKeys)],
    ["messages lost", formatCount(files.lost), formatCount(holdfast.lost)],
    ["files or rows written", formatCount(files.written), formatCount(holdfast.written)],
    ["written per message", rate(files), rate(holdfast)],
  ];
  return rows.map(([what, left, right]) => `  ${what.padEnd(28)}${left.padStart(16)}${right.padStart(12)}`);
}

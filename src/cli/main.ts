/**
 * `npm start`: two accounts exchange messages over one database. Their process is killed half way, and no
 * message is lost or repeated. Then the same kill is shown over Baileys' own files and over Holdfast.
 */
import { statSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { compareStates, comparisonTable } from "./comparison/compare.ts";
import { type ConversationOptions, parseOptions, USAGE } from "./options.ts";
import { formatBytes, formatCount, ProgressLine } from "./progress.ts";
import { shownUrl } from "./shown_url.ts";
import { spawnWorker, type WorkerEnd } from "./spawn_worker.ts";
import type { WorkerReport } from "./worker.ts";

type Done = Extract<WorkerReport, { event: "done" }>;

/** Reports of the workers of one run. */
interface Run {
  /** Messages of earlier runs; `undefined` until a worker has opened the database. */
  base: number | undefined;
  /** Rows written by workers that have ended. */
  rowsBefore: number;
  rowsWritten: number;
  handedOver: number;
  done: Done | undefined;
}

async function converse(options: ConversationOptions): Promise<void> {
  const line = new ProgressLine();
  const run: Run = { base: undefined, rowsBefore: 0, rowsWritten: 0, handedOver: 0, done: undefined };
  const startedAt = performance.now();
  line.say(`Two accounts, ${formatCount(options.messages)} messages, ${shownUrl(options.db)}`);

  const half = Math.floor(options.messages / 2);
  const first = await work(options, run, line, half);
  if (first.signal === "SIGKILL") {
    line.say(`  killed with SIGKILL after ${formatCount(run.handedOver - (run.base ?? 0))} messages`);
    run.rowsBefore += run.rowsWritten;
    run.rowsWritten = 0;
    const second = await work(options, run, line, undefined);
    if (second.code !== 0)
      throw new Error(second.complaint || `worker ended with ${second.signal ?? second.code}`);
  } else if (first.code !== 0) {
    throw new Error(first.complaint || `worker ended with ${first.signal ?? first.code}`);
  }
  if (run.done === undefined) throw new Error("worker ended without a report");
  printSummary(options, run, run.done, (performance.now() - startedAt) / 1_000, line);
  if (!run.done.intact) process.exitCode = 1;
}

/** Runs one worker to its end, killing it once `killAfter` messages of this run were handed over. */
function work(
  options: ConversationOptions,
  run: Run,
  line: ProgressLine,
  killAfter: number | undefined,
): Promise<WorkerEnd> {
  const reopening = run.base !== undefined;
  const target = run.base === undefined ? `+${options.messages}` : String(run.base + options.messages);
  const worker = spawnWorker(options.db, target, (report) => {
    if (report.event === "done") {
      run.done = report;
      return;
    }
    run.handedOver = report.handedOver;
    run.base ??= report.handedOver;
    const exchanged = report.handedOver - run.base;
    if (report.event === "opened") {
      if (reopening) line.say(`  reopened in ${report.openMs.toFixed(0)} ms, going on`);
      else if (run.base > 0) line.say(`  continuing after ${formatCount(run.base)} messages of earlier runs`);
    } else {
      run.rowsWritten = report.rowsWritten;
      const perMessage = (run.rowsBefore + run.rowsWritten) / Math.max(1, exchanged);
      line.show(exchanged, options.messages, `${perMessage.toFixed(1)} rows a message`);
    }
    if (killAfter !== undefined && exchanged >= killAfter) worker.kill();
  });
  return worker.ended;
}

function printSummary(
  options: ConversationOptions,
  run: Run,
  done: Done,
  seconds: number,
  line: ProgressLine,
): void {
  const exchanged = run.handedOver - (run.base ?? 0);
  const rows = (run.rowsBefore + run.rowsWritten) / Math.max(1, exchanged);
  const verdict = done.intact ? "each exactly once, in order" : "NOT INTACT: messages were lost or repeated";
  line.say("");
  line.say(
    `  messages   ${formatCount(exchanged)} in ${seconds.toFixed(1)} s, ${formatCount(run.handedOver)} in all: ${verdict}`,
  );
  for (const { name, sessions, rows: kept, bytes } of done.accounts) {
    line.say(
      `  ${name.padEnd(10)} ${sessions} session, ${formatCount(kept)} rows, ${formatBytes(bytes)} of state`,
    );
  }
  line.say(`  written    ${rows.toFixed(2)} rows a message, outbox and inbox included`);
  line.say(`  database   ${shownUrl(options.db)}${fileSize(options.db)}`);
  line.say("");
  line.say("Run it again to continue the same conversation.");
}

async function compare({ messages }: ConversationOptions): Promise<void> {
  const say = (text: string): boolean => process.stdout.write(`${text}\n`);
  say("");
  say(
    "The same kill over Baileys' own files (useMultiFileAuthState) and over Holdfast. Both sides send eight",
  );
  say("messages at a time, and receive while they send. SIGKILL ends the process at the moment when half of");
  say("the messages have left.");
  say("");
  const outcomes = await compareStates(messages);
  for (const row of comparisonTable(outcomes)) say(row);
  say("");
  say("A message under a key that was used before is one that the other phone drops. Lost are messages that");
  say("their reader could not decrypt: files keep no sent messages, so none of them can be sent again.");
  const { repeatedKeys, lost, sent } = outcomes.holdfast;
  if (repeatedKeys + lost > 0 || sent !== messages) process.exitCode = 1;
}

/** The size of a local database with its journal, if it is one. */
function fileSize(url: string): string {
  if (!url.startsWith("file:")) return "";
  const path = url.startsWith("file://")
    ? fileURLToPath(url)
    : decodeURIComponent(url.slice("file:".length).replace(/\?.*$/, ""));
  const bytes = [path, `${path}-wal`].reduce(
    (sum, name) => sum + (statSync(name, { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
  return `, ${formatBytes(bytes)}`;
}

// The reader has closed the pipe, as `head` does. The worker ends with this process.
process.stdout.on("error", () => process.exit(1));

try {
  const options = parseOptions(process.argv.slice(2));
  if (options === "help") process.stdout.write(`${USAGE}\n`);
  else {
    if (options.only !== "comparison") await converse(options);
    if (options.only !== "conversation") await compare(options);
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof TypeError || error instanceof RangeError) process.stderr.write(`\n${USAGE}\n`);
  process.exitCode = 1;
}

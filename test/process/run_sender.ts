import { createInterface } from "node:readline";
import { expect } from "vitest";
import type { NodeProgram } from "../support/programs/node_program.ts";
import type { FromSender, ToSender } from "./sender.ts";
import { PEER_JID, type SenderReader } from "./sender_reader.ts";

/** One incarnation of the process `sender.ts`, and when it is killed: a time after a number of messages. */
export interface SenderRun {
  readonly program: Pick<NodeProgram, "start">;
  /** The program that runs it: see `NodeProgram.start`. */
  readonly under?: readonly string[];
  readonly url: string;
  /** Whether the file is driven by the native library. */
  readonly isNative: boolean;
  /** Direct messages. With 0, the time begins at the start. */
  readonly messages: number;
  readonly afterMs: number;
  /** Called after each line that the reader has heard. */
  onLine?(): void;
}

/**
 * Runs one incarnation of the process, whose output the reader hears and answers. The kill depends on messages
 * and not only on time, so that slow machines get as far as fast ones.
 *
 * @throws What the reader throws, and when the process ends by itself.
 */
export async function runSender(reader: SenderReader, run: SenderRun): Promise<void> {
  const { program, url, isNative, messages, afterMs, onLine } = run;
  const child = program.start([url, PEER_JID, ...(isNative ? ["native"] : [])], run.under);
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors += String(chunk);
  });
  child.stdin.on("error", () => {});
  /** The process itself: it may run under another one. */
  let pid = child.pid;
  const kill = (): void => {
    if (pid !== undefined) process.kill(pid, "SIGKILL");
  };
  const killLater = () => setTimeout(kill, afterMs);
  const tell = (line: ToSender): boolean => child.stdin.write(`${JSON.stringify(line)}\n`);
  if (messages === 0) killLater();
  tell(await reader.bundle());
  for (const reply of reader.unread.values()) tell(reply);
  let heard = 0;
  let failure: unknown;
  let hearing = Promise.resolve();
  const over = new Promise<NodeJS.Signals | null>((done) => child.on("close", (_, signal) => done(signal)));
  createInterface({ input: child.stdout }).on("line", (text) => {
    // A line that the kill cut off was never sent.
    if (!text.endsWith("}")) return;
    const line = JSON.parse(text) as FromSender;
    if (line.kind === "direct") pid = Number(line.text.split(":")[0]);
    hearing = hearing.then(async () => {
      await reader.hear(line);
      if (line.kind === "direct") {
        heard += 1;
        if (heard === messages) killLater();
        if (heard % 6 === 0) tell(await reader.reply());
      }
      onLine?.();
    });
    hearing = hearing.catch((error: unknown) => {
      if (failure === undefined) kill();
      failure ??= error;
    });
  });
  const signal = await over;
  await hearing;
  if (failure !== undefined) throw failure;
  expect(signal, `the process ended by itself: ${errors}`).toBe("SIGKILL");
}

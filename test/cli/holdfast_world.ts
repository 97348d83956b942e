/** The program `holdfast` in this process: its output, its exit code, and answers to its questions. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Account, openAccount } from "../../src/account/mod.ts";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { runHoldfast } from "../../src/cli/holdfast/program.ts";
import type { Terminal } from "../../src/cli/holdfast/terminal.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { senderKeyRecordBytes, sessionRecordBytes } from "../support/signal/sample_signal_records.ts";

/** What a run of the program left. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** The questions that were asked. */
  readonly asked: readonly string[];
}

/** Answers to the questions of a run. Without them no one can answer. */
export interface Answers {
  readonly confirm?: boolean;
  readonly secret?: string;
  /** The choice, or the text that is asked for. */
  readonly text?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs the program. */
export async function holdfast(args: readonly string[], answers: Answers = {}): Promise<Outcome> {
  let [out, err] = ["", ""];
  const asked: string[] = [];
  const terminal: Terminal = {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    env: answers.env ?? {},
    isInteractive: [answers.confirm, answers.secret, answers.text].some((answer) => answer !== undefined),
    isLive: false,
    hasColor: false,
    columns: 100,
    confirm: async (question) => {
      asked.push(question);
      return answers.confirm ?? false;
    },
    secret: async (question) => {
      asked.push(question);
      return answers.secret ?? "";
    },
    choose: async (question, choices) => {
      asked.push(question);
      return answers.text ?? choices[0]?.name ?? "";
    },
    ask: async (question, defaultText) => {
      asked.push(question);
      return answers.text ?? defaultText;
    },
    untilStopped: async () => {},
  };
  const code = await runHoldfast(args, terminal);
  return { code, out, err, asked };
}

/** Runs the program with `--json`. @returns The document, and the exit code. */
export async function holdfastJson(
  args: readonly string[],
  answers?: Answers,
): Promise<{ readonly code: number; readonly json: Record<string, unknown> }> {
  const { code, out, err } = await holdfast([...args, "--json"], answers);
  if (out === "") throw new Error(`no document: ${err}`);
  return { code, json: JSON.parse(out) as Record<string, unknown> };
}

/** Addresses with which an account of `openFilled` has sessions. */
export const PEERS: readonly string[] = Array.from({ length: 6 }, (_, index) => `55110000000${index}@c.us.0`);

/** Opens an account of a file. */
export async function openFile(path: string, account: string): Promise<Account> {
  return await openAccount({
    backend: () => libsqlBackend({ url: `file:${path}`, account, logger: silentLogger }),
    host: { logger: silentLogger },
    saverIntervalMs: "manual",
    housekeeping: false,
  });
}

/** Opens an account of a file with sessions, identities, a group and mappings. */
export async function openFilled(path: string, name: string): Promise<Account> {
  const account = await openFile(path, name);
  await fill(account);
  return account;
}

/** Stores sessions, identities and a sender key. */
export async function fill(account: Account): Promise<void> {
  const lease = { reservedUntil: 5, incarnation: "0".repeat(32), burned: 0 };
  await account.store.commit([
    ...PEERS.map((address, index) => ({
      ...{ kind: "session.put" as const, address, record: sessionRecordBytes(index), lease },
    })),
    ...PEERS.map((address) => ({
      ...{ kind: "identity.put" as const, address, key: new Uint8Array(32).fill(1) },
    })),
    { kind: "senderKey.put", name: `120363000000000001@g.us:${PEERS[0]}`, record: senderKeyRecordBytes(1) },
  ]);
  await account.device.generatePreKeys(3);
}

/** Sends once: steps a session, and stores it. */
export async function sendOnce(account: Account, step: number): Promise<void> {
  const lease = { reservedUntil: 5 + step, incarnation: "0".repeat(32), burned: 0 };
  const record = sessionRecordBytes(step % 100);
  await account.store.commit([{ kind: "session.put", address: PEERS[0] as string, record, lease }]);
}

/** The bytes of every file of a folder but the shared memory, whose locks readers take too. */
export function digestsOf(folder: string): Record<string, string> {
  const names = readdirSync(folder).filter((name) => !name.endsWith("-shm"));
  return Object.fromEntries(
    names.map((name) => [
      name,
      createHash("sha256")
        .update(readFileSync(join(folder, name)))
        .digest("hex"),
    ]),
  );
}

/** Whether a file has a log beside it. */
export function hasLog(path: string): boolean {
  return existsSync(`${path}-wal`);
}

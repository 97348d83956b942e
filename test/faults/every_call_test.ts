/**
 * Each call of the driver fails in turn, in a conversation that goes through two openings: nothing is applied, or
 * the answer is lost. The caller repeats what was rejected. No key leaves twice, the peer reads everything, and
 * the account keeps its identity. Does not cover two faults close together: see test/chaos.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openLibsqlDriver } from "../../src/adapters/libsql/open_driver.ts";
import { openSqliteBackend, type SqlDriver } from "../../src/adapters/sqlite/mod.ts";
import { AmbiguousError, BackendError, BusyError, StoreError } from "../../src/errors/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { type HoldfastPeer, openPeer } from "../baileys/holdfast_peer.ts";
import { GROUP, SENDER_JID, type ToSender } from "../process/sender.ts";
import { PEER_JID, SenderReader } from "../process/sender_reader.ts";
import { sessionOf } from "../process/session_of.ts";
import { DOSED_TIMEOUT_MS, dose, everyNth } from "../support/dose.ts";

/** How a call fails. */
type Fault = "refused" | "busy" | "lost";

const FAULTS: readonly Fault[] = ["refused", "busy", "lost"];

/** Every so many calls one fails, in conversations of their own. */
const STEP = dose({ short: 13, long: 1 });

/** What a caller repeats. */
const REPEATED: ReadonlySet<string> = new Set(["failed", "busy", "ambiguous"]);

/** A file whose drivers count their calls together, one of which fails. */
class FailingFile {
  readonly #folder = mkdtempSync(join(tmpdir(), "holdfast-faults-"));
  /** Calls so far. */
  calls = 0;
  /** Whether the call that fails was a commit. */
  failedCommit: boolean | undefined;
  readonly #fault: Fault;
  readonly #failingCall: number;

  constructor(fault: Fault, failingCall: number) {
    this.#fault = fault;
    this.#failingCall = failingCall;
  }

  async connect(): Promise<SqlDriver> {
    const url = `file:${join(this.#folder, "sender.db")}`;
    const driver = await openLibsqlDriver({ url, logger: silentLogger });
    return {
      limits: driver.limits,
      durable: driver.durable,
      query: (sql, params, onlyFirst) => this.#call(false, () => driver.query(sql, params, onlyFirst)),
      batch: (statements, joins) => this.#call(true, () => driver.batch(statements, joins)),
      close: () => driver.close(),
    };
  }

  async #call<T>(isCommit: boolean, run: () => Promise<T>): Promise<T> {
    this.calls += 1;
    if (this.calls !== this.#failingCall) return await run();
    this.failedCommit = isCommit;
    if (this.#fault === "busy") throw new BusyError("test: the database is busy");
    if (this.#fault === "refused") throw new BackendError("test: the disk is away");
    await run();
    throw isCommit ? new AmbiguousError("test: the answer was lost") : new BackendError("test: no answer");
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Repeats what a fault has made fail. */
async function repeated<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt === 3 || !(error instanceof StoreError) || !REPEATED.has(error.code)) throw error;
    }
  }
}

/** Sends, receives and saves over one opening of the account. */
async function talk(reader: SenderReader, { peer, account }: HoldfastPeer, round: number): Promise<void> {
  const identityKey = base64(account.device.getDeviceSnapshot().identityKey.publicKey);
  await reader.hear({ kind: "identity", identityKey });
  const { repository } = peer;
  const isThere = await repeated(() => repository.validateSession(PEER_JID));
  if (!isThere.exists) {
    const bundle = (await reader.bundle()) as Extract<ToSender, { kind: "bundle" }>;
    await repeated(() => repository.injectE2ESession({ jid: PEER_JID, session: sessionOf(bundle) }));
    await reader.hear({ kind: "session" });
  }
  for (let n = 0; n < 6; n += 1) {
    const text = `${round}:${n}`;
    if (n % 3 === 2) {
      const { message, senderKey } = await repeated(() => peer.sendToGroup(GROUP, text));
      await reader.hear({ kind: "group", text, ciphertext: base64(message), senderKey: base64(senderKey) });
    } else {
      const data = Buffer.from(text);
      const { type, ciphertext } = await repeated(() => repository.encryptMessage({ jid: PEER_JID, data }));
      await reader.hear({ kind: "direct", text, type, ciphertext: base64(ciphertext) });
    }
    if (n % 2 === 1) {
      const { id, type, ciphertext } = await reader.reply();
      const frame = { jid: PEER_JID, type, ciphertext: Buffer.from(ciphertext, "base64") };
      const read = await repeated(() => repository.decryptMessage(frame));
      expect(Buffer.from(read).toString()).toBe(`reply ${id}`);
      await reader.hear({ kind: "read", id });
    }
    if (n === 3) await repeated(() => account.flush());
  }
  account.device.processCommand({ kind: "setPushName", pushName: `round ${round}` });
  await repeated(() => account.flush());
}

/** The whole conversation: two openings, and a third one that shows what is stored. */
async function converse(file: FailingFile): Promise<void> {
  const reader = new SenderReader();
  for (const round of [1, 2, 3]) {
    const opened = await repeated(async () => {
      const backend = openSqliteBackend(await file.connect(), { account: "sender" });
      return await openPeer(SENDER_JID, backend, {
        saverIntervalMs: "manual",
        host: { logger: silentLogger },
      });
    });
    if (round > 1) expect(opened.account.device.getDeviceSnapshot().pushName).toBe(`round ${round - 1}`);
    await talk(reader, opened, round);
    // What was flushed is stored, also when the last flush of `close` fails, which says so.
    await repeated(() => opened.account.flush());
    await opened.account.close().catch((error: unknown) => expect(error).toBeInstanceOf(StoreError));
  }
  expect(reader.identities.size).toBe(1);
  expect(reader.sessions).toBe(1);
  expect([reader.direct, reader.group, reader.unread.size]).toEqual([12, 6, 0]);
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

describe("a driver of which one call fails", () => {
  test.each(FAULTS)("%s: the conversation goes on", { timeout: DOSED_TIMEOUT_MS }, async (fault) => {
    const whole = new FailingFile(fault, 0);
    await converse(whole).finally(() => whole.remove());
    const failed = { commits: 0, reads: 0 };
    for (const call of everyNth(
      Array.from({ length: whole.calls }, (_, index) => index + 1),
      STEP,
    )) {
      const file = new FailingFile(fault, call);
      await converse(file)
        .catch((cause: unknown) => {
          throw new Error(`call ${call} of ${whole.calls} ${fault}`, { cause });
        })
        .finally(() => file.remove());
      if (file.failedCommit === true) failed.commits += 1;
      if (file.failedCommit === false) failed.reads += 1;
    }
    process.stderr.write(
      `${fault}: ${failed.commits} commits and ${failed.reads} reads of ${whole.calls} calls\n`,
    );
    expect(Math.min(failed.commits, failed.reads)).toBeGreaterThan(0);
  });
});

/**
 * What a process does that takes accounts from others until it is killed: it opens an account, sends some
 * messages and goes on with another one, whether it was fenced or not. It reads the key bundle of the accounts'
 * peer from its input, and prints each ciphertext when it may be sent, and each number that is durable in an
 * account. Nothing in here is younger than the release before: it is also compiled with that release's sources.
 */
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Backend } from "../../src/backend/mod.ts";
import { FencedError, IncompatibleError } from "../../src/errors/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { SeededRandom } from "../../src/testing/mod.ts";
import { openPeer } from "../baileys/holdfast_peer.ts";
import { messageKeyName } from "../baileys/signal_peer.ts";

/** The key bundle of the peer, as base64. It has no one-time pre-key, so that it can be used again. */
export interface PeerBundle {
  readonly registrationId: number;
  readonly identityKey: string;
  readonly keyId: number;
  readonly publicKey: string;
  readonly signature: string;
}

/** A line of the process. */
export type FromContender =
  | { readonly kind: "opened" | "fenced" | "refused"; readonly account: number }
  | { readonly kind: "sent"; readonly account: number; readonly key: string }
  | { readonly kind: "durable"; readonly account: number; readonly id: string }
  | { readonly kind: "failed"; readonly error: string };

export const PEER = "100000000000002:2@lid";

/** The chat in which the numbers are stored. */
export const CHAT = "15550000002@s.whatsapp.net";

/** Messages that an opening sends at most. */
const MAX_MESSAGES = 12;

/** Pause after a database was refused, in milliseconds. It stays refused. */
const REFUSED_MS = 50;

/** Runs until the process is killed. */
export async function contendAccounts(options: {
  readonly accounts: number;
  readonly seed: number;
  /** Opens the backend of an account. */
  open(account: number): Promise<Backend>;
}): Promise<void> {
  // libsignal prints whole sessions.
  for (const method of ["log", "info", "warn"] as const) console[method] = () => {};
  const bundle = await readBundle();
  const random = new SeededRandom(options.seed);
  for (;;) {
    const account = random.below(options.accounts);
    try {
      await use(account, await options.open(account), { bundle, messages: 1 + random.below(MAX_MESSAGES) });
    } catch (error) {
      if (isCause(error, FencedError)) say({ kind: "fenced", account });
      else if (isCause(error, IncompatibleError)) {
        say({ kind: "refused", account });
        await new Promise((resolve) => setTimeout(resolve, REFUSED_MS));
      } else say({ kind: "failed", error: error instanceof Error ? `${error.name}: ${error.message}` : "" });
    }
  }
}

/** Opens an account and sends, until another process has taken it or enough is sent. */
async function use(
  number: number,
  backend: Backend,
  { bundle, messages }: { readonly bundle: PeerBundle; readonly messages: number },
): Promise<void> {
  try {
    const { peer, account } = await openPeer(`${200_000_000_000_000 + number}:1@lid`, backend, {
      host: { logger: silentLogger },
      housekeeping: false,
    });
    say({ kind: "opened", account: number });
    try {
      if (!(await peer.repository.validateSession(PEER)).exists)
        await peer.repository.injectE2ESession({ jid: PEER, session: sessionOf(bundle) });
      for (let sent = 0; sent < messages; sent += 1) {
        const data = Buffer.from(`${process.pid}:${sent}`);
        const frame = await peer.repository.encryptMessage({ jid: PEER, data });
        say({ kind: "sent", account: number, key: messageKeyName(frame) });
        const id = `${process.pid}-${number}-${account.ownerEpoch}-${sent}`;
        await account.store.storeSentMessage(CHAT, id, data);
        say({ kind: "durable", account: number, id });
      }
    } finally {
      await account.close();
    }
  } finally {
    await backend.close();
  }
}

/** Whether an error, or one of its causes, is of a class. */
function isCause(error: unknown, kind: typeof FencedError | typeof IncompatibleError): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) if (cause instanceof kind) return true;
  return false;
}

function sessionOf({ registrationId, identityKey, keyId, publicKey, signature }: PeerBundle) {
  return {
    registrationId,
    identityKey: Buffer.from(identityKey, "base64"),
    signedPreKey: {
      keyId,
      publicKey: Buffer.from(publicKey, "base64"),
      signature: Buffer.from(signature, "base64"),
    },
  };
}

async function readBundle(): Promise<PeerBundle> {
  for await (const line of createInterface({ input: process.stdin })) return JSON.parse(line) as PeerBundle;
  throw new Error("contender: no key bundle came");
}

/** Writes a line synchronously, so that it is sent when this returns. */
function say(line: FromContender): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}

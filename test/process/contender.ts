/**
 * One of several processes that take the same accounts from each other until they are killed:
 * `node contender.mjs <file: or postgres: URL> <accounts> <seed>`.
 *
 * It opens an account, sends some messages and goes on with another one, whether it was fenced or not. It reads
 * the key bundle of the accounts' peer from its input, and prints each ciphertext when it may be sent, and each
 * number that is durable in an account.
 */
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { Pool } from "pg";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { postgresBackend } from "../../src/adapters/postgres/mod.ts";
import type { Backend } from "../../src/backend/mod.ts";
import { FencedError } from "../../src/errors/mod.ts";
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
  | { readonly kind: "opened" | "fenced"; readonly account: number }
  | { readonly kind: "sent"; readonly account: number; readonly key: string }
  | { readonly kind: "durable"; readonly account: number; readonly id: string }
  | { readonly kind: "failed"; readonly error: string };

export const PEER = "100000000000002:2@lid";

/** The chat in which the numbers are stored. */
export const CHAT = "15550000002@s.whatsapp.net";

/** Messages that an opening sends at most. */
const MAX_MESSAGES = 12;

const [url = "", count = "0", seed = "0"] = process.argv.slice(2);
if (url !== "") await main();

async function main(): Promise<void> {
  // libsignal prints whole sessions.
  for (const method of ["log", "info", "warn"] as const) console[method] = () => {};
  const pool = url.startsWith("file:") ? undefined : new Pool({ connectionString: url, max: 4 });
  const bundle = await readBundle();
  const random = new SeededRandom(Number(seed));
  for (;;) {
    const account = random.below(Number(count));
    try {
      await use(account, await openBackend(account, pool), {
        bundle,
        messages: 1 + random.below(MAX_MESSAGES),
      });
    } catch (error) {
      if (isFenced(error)) say({ kind: "fenced", account });
      else say({ kind: "failed", error: error instanceof Error ? `${error.name}: ${error.message}` : "" });
    }
  }
}

async function openBackend(account: number, pool: Pool | undefined): Promise<Backend> {
  const shared = { account: `bot-${account}`, logger: silentLogger };
  return await (pool === undefined
    ? libsqlBackend({ url, ...shared })
    : postgresBackend({ pg: pool, ...shared }));
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

/** Whether another process has the account: the error, or one of its causes, says so. */
function isFenced(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof FencedError) return true;
  }
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

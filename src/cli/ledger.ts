import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { Account } from "../account/mod.ts";
import type { Write } from "../backend/mod.ts";

/** Name of the ledger among the device's `extra` values. */
const LEDGER_NAME = "conversation";

/**
 * A participant's progress in the conversation. It changes only in commits that also contain the counted
 * messages.
 */
export interface Ledger {
  /** Number of written messages; their payloads stay in the outbox until acknowledged. */
  readonly sent: number;
  /** Number of messages that the other side has acknowledged. */
  readonly acknowledged: number;
  /** Number of messages handed over to the application, in order, each once. */
  readonly received: number;
  /** Chained SHA-256 over the previous digest and the text of each handed over message, in hexadecimal. */
  readonly digest: string;
}

const EMPTY: Ledger = { sent: 0, acknowledged: 0, received: 0, digest: "" };

/** Reads a participant's ledger. */
export function readLedger(account: Account): Ledger {
  const bytes = account.device.getDeviceSnapshot().extra.get(LEDGER_NAME);
  return bytes === undefined ? EMPTY : (JSON.parse(new TextDecoder().decode(bytes)) as Ledger);
}

/**
 * Changes a participant's ledger together with the counted messages, in one commit, durable when it resolves.
 */
export async function updateLedger(
  account: Account,
  change: Partial<Ledger>,
  writes: readonly Write[],
): Promise<void> {
  const bytes = utf8ToBytes(JSON.stringify({ ...readLedger(account), ...change }));
  account.device.modifyDevice(
    (draft) => {
      draft.extra = new Map([...draft.extra, [LEDGER_NAME, bytes]]);
    },
    { writes },
  );
  await account.flush();
}

/** The digest after one more message. */
export function extendDigest(digest: string, text: string): string {
  return bytesToHex(sha256(utf8ToBytes(`${digest}\n${text}`)));
}

/** The digest of the first `count` messages of an author, for a reader that received each once. */
export function expectedDigest(author: string, count: number): string {
  let digest = "";
  for (let number = 0; number < count; number += 1)
    digest = extendDigest(digest, messageText(author, number));
  return digest;
}

/** The text of an author's n-th message, the same in every run. */
export function messageText(author: string, number: number): string {
  return `${author} #${number}: ${"all that is acknowledged stays ".repeat(1 + (number % 3))}`;
}

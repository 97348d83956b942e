/**
 * Short texts that say what state a record is in. Burning keys changes nothing but `next`; everything else
 * that happens to a record changes the rest.
 */
import { hexOf } from "../../../src/bytes/mod.ts";
import { SenderKeyRecord, SessionRecord } from "../../../src/ratchet/mod.ts";
import type { SessionChain } from "../../../src/ratchet/session_chain.ts";

/** What a record says. */
export interface Digest {
  readonly shape: string;
  /** Counter of the next message that it sends, 0 when it sends none. */
  readonly next: number;
  /** Names the chain that it sends on, if any. */
  readonly chain?: string | undefined;
}

/** The digest of what is not there. */
export const ABSENT: Digest = { shape: "", next: 0 };

export function sameDigest(a: Digest, b: Digest): boolean {
  return a.next === b.next && a.shape === b.shape;
}

export function sessionDigest(record: SessionRecord): Digest {
  const { current, sendingChain } = record;
  const base = current?.aliceBaseKey;
  const parts = [base === undefined ? "" : hexOf(base.subarray(1, 9)), sendingChain?.id ?? ""];
  for (const chain of current?.receiverChains ?? []) {
    parts.push(`${chain.id}:${chain.next}:${chain.messageKeyCount}`);
  }
  parts.push(current?.pendingPreKey === undefined ? "" : "pending", String(record.archivedCount));
  return { shape: parts.join("|"), next: sendingChain?.next ?? 0, chain: sendingChain?.id };
}

export function senderKeyDigest(record: SenderKeyRecord): Digest {
  const { sendingState } = record;
  const parts = record.states.map((state) =>
    state === sendingState ? state.id : `${state.id}:${state.next}:${state.messageKeyCount}`,
  );
  return { shape: `states ${parts.join("|")}`, next: sendingState?.next ?? 0, chain: sendingState?.id };
}

export function identityDigest(key: Uint8Array): Digest {
  return { shape: `identity ${hexOf(key)}`, next: 0 };
}

/** Base keys and sending chains of all sessions of a stored record, in hex. */
export function sessionNames(bytes: Uint8Array): { bases: string[]; chains: string[] } {
  const record = SessionRecord.decode(bytes);
  const names = { bases: [] as string[], chains: [] as string[] };
  const add = (base: Uint8Array | undefined, chain: SessionChain | undefined): void => {
    if (base !== undefined) names.bases.push(hexOf(base));
    if (chain?.ratchetKeyPrivate !== undefined) names.chains.push(hexOf(chain.ratchetKey));
  };
  add(record.current?.aliceBaseKey, record.current?.senderChain);
  for (let index = 0; index < record.archivedCount; index += 1) {
    const session = record.archived(index);
    add(session.aliceBaseKey, session.senderChain);
  }
  return names;
}

/** The digest of a stored record, and what it sends next. */
export function storedDigest(store: "session" | "senderKey", bytes: Uint8Array): Digest {
  return store === "session"
    ? sessionDigest(SessionRecord.decode(bytes))
    : senderKeyDigest(SenderKeyRecord.decode(bytes));
}

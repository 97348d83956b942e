import { KEY_BYTES, sameBytes } from "../../bytes/mod.ts";
import { CorruptError } from "../../errors/mod.ts";
import { EMPTY } from "../../protobuf/mod.ts";
import { isRetiredKey, MAX_RECEIVER_CHAINS } from "../../ratchet/mod.ts";
import type { NodeSession as Kept, NodeRatchet, SessionStructure } from "../../records/mod.ts";
import { type NodeChain, type NodeSession, OPEN, RECEIVING, SENDING } from "./node_session.ts";
import {
  isSpent,
  MAX_SPENT_CHAINS,
  packSpentChains,
  placeholderKey,
  readChain,
  type SpentChains,
  unpackSpentChains,
  writeChain,
  writePrivateChain,
} from "./session_chain.ts";

const ACTION = "convert session";

/** Version of the Signal message format, the only one in libsignal-node. */
const SESSION_VERSION = 3;

/** `baseKeyType` when our side began the session. */
const OURS = 1;

/** `baseKeyType` when the peer began the session. */
const THEIRS = 2;

/** Parts of a standard session that a session of libsignal-node does not contain. */
export interface SessionContext {
  /** Position among the record's sessions. */
  readonly position: number;
  readonly archived: boolean;
  /** 33 bytes. */
  readonly localIdentityPublic: Uint8Array;
  readonly localRegistrationId: number;
}

/** Place of a session in its record, with times of other sessions. */
export type StructurePlace =
  | { readonly kind: "archived"; readonly olderClosed: number }
  | { readonly kind: "current"; readonly olderClosed: number; readonly newestUsed: number };

/**
 * Writes a session of libsignal-node as a standard one.
 *
 * @param packed Its spent chains, when they were taken out of it before: see `SpentChainSplitter`.
 */
export function writeStructure(
  session: NodeSession,
  context: SessionContext,
  packed?: SpentChains,
): SessionStructure {
  const { sending, receiving, more, spent } = sortChains(session);
  const senderChain = sending === undefined ? { messageKeys: [] } : writeSending(sending, session, context);
  return {
    sessionVersion: SESSION_VERSION,
    localIdentityPublic: context.localIdentityPublic,
    remoteIdentityPublic: session.remoteIdentityKey,
    rootKey: session.rootKey,
    previousCounter: Math.max(0, session.previousCounter),
    senderChain: {
      ...senderChain,
      senderRatchetKey: session.ephemeralPublic,
      senderRatchetKeyPrivate: session.ephemeralPrivate,
      nodeRatchet: ratchetFields(session, receiving.at(-1)?.ratchetKey),
    },
    receiverChains: writeReceiving(receiving, session),
    pendingPreKey: writePendingPreKey(session),
    remoteRegistrationId: session.registrationId,
    localRegistrationId: context.localRegistrationId,
    aliceBaseKey: session.baseKey,
    node: keptFields(session, context, { more, spent: packed ?? packSpentChains(spent) }),
  };
}

/**
 * Reads a standard session as one of libsignal-node.
 *
 * @returns `undefined` for a structure without a root key: some clients store an empty one where there is no
 * session.
 * @throws {CorruptError} When a required part is missing.
 */
export function readStructure(structure: SessionStructure, place: StructurePlace): NodeSession | undefined {
  const { rootKey, sessionVersion = SESSION_VERSION, remoteIdentityPublic = EMPTY } = structure;
  if (rootKey?.length !== KEY_BYTES) return undefined;
  if (sessionVersion !== SESSION_VERSION) {
    throw new CorruptError(`${ACTION}: a session is of version ${sessionVersion}`);
  }
  if (remoteIdentityPublic.length === 0)
    throw new CorruptError(`${ACTION}: a session has no remote identity`);
  const { senderChain, receiverChains, node, previousCounter = 0 } = structure;
  const ratchet = senderChain?.nodeRatchet;
  const neverSent = previousCounter === 0 && ratchet?.previousCounterUnset === true;
  return {
    registrationId: readRegistrationId(structure),
    ephemeralPublic: senderChain?.senderRatchetKey ?? EMPTY,
    ephemeralPrivate: senderChain?.senderRatchetKeyPrivate ?? EMPTY,
    lastRemoteEphemeralKey:
      ratchet?.lastRemoteEphemeralKey ?? receiverChains.at(-1)?.senderRatchetKey ?? EMPTY,
    previousCounter: neverSent ? -1 : previousCounter,
    rootKey,
    baseKey: structure.aliceBaseKey ?? EMPTY,
    baseKeyType: readBaseKeyType(structure),
    closed:
      place.kind === "current"
        ? closedOfCurrent(structure, place)
        : closedOfArchived(node, place.olderClosed),
    used: readUsed(node, place),
    created: node === undefined ? 0 : keptTime(node, "created"),
    remoteIdentityKey: remoteIdentityPublic,
    chains: readChains(structure),
    pendingPreKey: readPendingPreKey(structure),
  };
}

/**
 * Writes the sending chain. A closed one of an archived session has a key in place of its own: without one,
 * other clients cannot follow the peer to a new chain.
 */
function writeSending(
  sending: NodeChain,
  { rootKey }: NodeSession,
  { archived }: SessionContext,
): ReturnType<typeof writeChain> {
  return writeChain(sending, archived ? placeholderKey(rootKey, sending.ratchetKey) : undefined);
}

/** Writes receiving chains. All closed ones have one key in place of their own: see `placeholderKey`. */
function writeReceiving(
  receiving: readonly NodeChain[],
  { rootKey }: NodeSession,
): SessionStructure["receiverChains"] {
  const isClosed = receiving.some(({ key }) => key === undefined);
  const keyIfClosed = isClosed ? placeholderKey(rootKey) : undefined;
  return receiving.map((chain) => writeChain(chain, keyIfClosed));
}

/** Sorts chains by their target field. Each list is oldest first. */
function sortChains(session: NodeSession): {
  sending: NodeChain | undefined;
  receiving: NodeChain[];
  more: NodeChain[];
  spent: NodeChain[];
} {
  const sending = session.chains.find(
    (chain) => chain.type === SENDING && sameBytes(chain.ratchetKey, session.ephemeralPublic),
  );
  const isLast = (chain: NodeChain) => sameBytes(chain.ratchetKey, session.lastRemoteEphemeralKey);
  const all = session.chains.filter((chain) => chain.type === RECEIVING);
  const receiving = [...all.filter((chain) => !isLast(chain)), ...all.filter(isLast)].slice(
    -MAX_RECEIVER_CHAINS,
  );
  const rest = session.chains.filter((chain) => chain !== sending && !receiving.includes(chain));
  return {
    sending,
    receiving,
    more: rest.filter((chain) => !isSpent(chain)),
    spent: rest.filter(isSpent).slice(-MAX_SPENT_CHAINS),
  };
}

function readChains(structure: SessionStructure): NodeChain[] {
  const { senderChain, receiverChains, node } = structure;
  const chains = [
    ...(node === undefined ? [] : unpackSpentChains(node)),
    ...(node?.moreChains ?? []).map((chain) =>
      readChain(chain, chain.nodeChainType === SENDING ? SENDING : RECEIVING),
    ),
    ...receiverChains.map((chain) => readChain(chain, RECEIVING)),
    ...(senderChain?.chainKey === undefined ? [] : [readChain(senderChain, SENDING)]),
  ];
  return chains.filter((chain) => chain.ratchetKey.length > 0);
}

/** Fields of a session that only libsignal-node has. */
function keptFields(
  session: NodeSession,
  context: SessionContext,
  chains: { readonly more: readonly NodeChain[]; readonly spent: SpentChains },
): Kept {
  const time = (value: number | undefined) => (value === undefined ? undefined : BigInt(value));
  return {
    position: context.position,
    baseKeyType: session.baseKeyType,
    closed: time(session.closed),
    used: time(session.used),
    created: time(session.created),
    openInArchive: context.archived && session.closed === OPEN ? true : undefined,
    moreChains: chains.more.map(writePrivateChain),
    ...(chains.spent.spentIndexes.length === 0 ? { spentIndexes: [] } : chains.spent),
  };
}

/** Fields of the ratchet that only libsignal-node has, if needed. */
function ratchetFields(session: NodeSession, newest: Uint8Array | undefined): NodeRatchet | undefined {
  const impliedKey = newest ?? new Uint8Array(0);
  const isImplied = sameBytes(session.lastRemoteEphemeralKey, impliedKey);
  if (isImplied && session.previousCounter >= 0) return undefined;
  return {
    lastRemoteEphemeralKey: isImplied ? undefined : session.lastRemoteEphemeralKey,
    previousCounterUnset: session.previousCounter < 0 ? true : undefined,
  };
}

function keptTime(node: Kept, name: "closed" | "used" | "created"): number | undefined {
  if (node[name] === undefined) return undefined;
  const time = Number(node[name]);
  if (!Number.isSafeInteger(time)) throw new CorruptError(`${ACTION}: ${name} is out of range`);
  return time;
}

/** Whether the session was the open one when this converter wrote it. */
function wasOpen(node: Kept | undefined): boolean {
  return node !== undefined && keptTime(node, "closed") === OPEN && !node.openInArchive;
}

function closedOfCurrent(structure: SessionStructure, place: { readonly olderClosed: number }): number {
  const { senderChain, node } = structure;
  const { key = EMPTY, closed } = senderChain?.chainKey ?? {};
  const isRetired = closed === true || isRetiredKey(key);
  if ((key.length === KEY_BYTES && !isRetired) || (senderChain !== undefined && wasOpen(node))) return OPEN;
  return Math.max(0, place.olderClosed) + 1;
}

/** A session that another client archived counts as closed just after the next older one. */
function closedOfArchived(node: Kept | undefined, olderClosed: number): number | undefined {
  return node === undefined || wasOpen(node) ? Math.max(0, olderClosed) + 1 : keptTime(node, "closed");
}

/**
 * libsignal-node tries sessions in descending order of their last use, and a failed trial may step a
 * session's ratchet. The current session must come first, unless libsignal-node itself stored another order.
 */
function readUsed(node: Kept | undefined, place: StructurePlace): number | undefined {
  const used = node === undefined ? 0 : keptTime(node, "used");
  if (place.kind === "archived" || wasOpen(node)) return used;
  return Math.max(used ?? 0, place.newestUsed);
}

function readBaseKeyType(structure: SessionStructure): number | undefined {
  const { node, pendingPreKey } = structure;
  if (node === undefined) return pendingPreKey === undefined ? THEIRS : OURS;
  return node.baseKeyType;
}

function readRegistrationId(structure: SessionStructure): number | undefined {
  // libsignal-node treats a session without a registration id as not open; other clients may omit a 0.
  return structure.remoteRegistrationId ?? (structure.node === undefined ? 0 : undefined);
}

function writePendingPreKey({ pendingPreKey }: NodeSession): SessionStructure["pendingPreKey"] {
  if (pendingPreKey === undefined) return undefined;
  const { preKeyId, signedKeyId, baseKey } = pendingPreKey;
  return { preKeyId, signedPreKeyId: signedKeyId, baseKey };
}

function readPendingPreKey(structure: SessionStructure): NodeSession["pendingPreKey"] {
  const { pendingPreKey } = structure;
  if (pendingPreKey === undefined) return undefined;
  const { preKeyId, signedPreKeyId = 0, baseKey: own = EMPTY } = pendingPreKey;
  const baseKey = own.length === 0 ? (structure.aliceBaseKey ?? EMPTY) : own;
  if (baseKey.length === 0) throw new CorruptError(`${ACTION}: a pending pre-key has no base key`);
  return { signedKeyId: signedPreKeyId, baseKey, preKeyId };
}

import { create, isFieldSet } from "@bufbuild/protobuf";
import { sameBytes } from "../../bytes/mod.ts";
import { CorruptError } from "../../errors/mod.ts";
import {
  SessionStructure_ChainSchema as ChainSchema,
  type NodeSession as Kept,
  type NodeRatchet,
  NodeRatchetSchema,
  NodeSessionSchema,
  SessionStructure_PendingPreKeySchema as PendingPreKeySchema,
  type SessionStructure,
  SessionStructureSchema,
} from "../../records/mod.ts";
import { KEY_BYTES } from "./_bytes.ts";
import { type NodeChain, type NodeSession, OPEN, RECEIVING, SENDING } from "./node_session.ts";
import {
  isSpent,
  packSpentChains,
  placeholderKey,
  readChain,
  unpackSpentChains,
  writeChain,
  writePrivateChain,
} from "./session_chain.ts";

const ACTION = "convert session";

/** Version of the Signal message format; libsignal-node knows no other. */
const SESSION_VERSION = 3;

/** Receiving chains in the standard field; the rest travel in private ones. */
const MAX_RECEIVER_CHAINS = 5;

/** Spent chains that are kept, the newest of a session: about 18 kB. libsignal-node adds one with each turn of the talk. */
export const MAX_SPENT_CHAINS = 512;

/** `baseKeyType` when our side began the session. */
const OURS = 1;

/** `baseKeyType` when the peer began the session. */
const THEIRS = 2;

/** What a session of libsignal-node does not say about itself. */
export interface SessionContext {
  /** Place among the record's sessions. */
  readonly position: number;
  readonly archived: boolean;
  /** 33 bytes. */
  readonly localIdentityPublic: Uint8Array;
  readonly localRegistrationId: number;
}

/** Where in its record a session was found, and what the sessions around it say. */
export type StructurePlace =
  | { readonly kind: "archived"; readonly olderClosed: number }
  | { readonly kind: "current"; readonly olderClosed: number; readonly newestUsed: number };

/** Writes a session of libsignal-node as a standard one. */
export function writeStructure(session: NodeSession, context: SessionContext): SessionStructure {
  const { sending, receiving, more, spent } = sortChains(session);
  const structure = create(SessionStructureSchema, {
    sessionVersion: SESSION_VERSION,
    localIdentityPublic: context.localIdentityPublic,
    remoteIdentityPublic: session.remoteIdentityKey,
    rootKey: session.rootKey,
    previousCounter: Math.max(0, session.previousCounter),
    receiverChains: receiving.map((chain) =>
      writeChain(chain, placeholderKey(session.rootKey, chain.ratchetKey)),
    ),
    localRegistrationId: context.localRegistrationId,
    aliceBaseKey: session.baseKey,
    node: keptFields(session, context, { more, spent }),
  });
  const senderChain = sending === undefined ? create(ChainSchema) : writeChain(sending, undefined);
  senderChain.senderRatchetKey = session.ephemeralPublic;
  senderChain.senderRatchetKeyPrivate = session.ephemeralPrivate;
  const ratchet = ratchetFields(session, receiving.at(-1)?.ratchetKey);
  if (ratchet !== undefined) senderChain.nodeRatchet = ratchet;
  structure.senderChain = senderChain;
  if (session.registrationId !== undefined) structure.remoteRegistrationId = session.registrationId;
  writePendingPreKey(structure, session);
  return structure;
}

/**
 * Reads a standard session as one of libsignal-node.
 *
 * @returns `undefined` for a structure without root key: some clients put an empty one where there is no session.
 * @throws {CorruptError} When a part is missing that no session can do without.
 */
export function readStructure(structure: SessionStructure, place: StructurePlace): NodeSession | undefined {
  if (structure.rootKey.length !== KEY_BYTES) return undefined;
  if (
    isFieldSet(structure, SessionStructureSchema.field.sessionVersion) &&
    structure.sessionVersion !== SESSION_VERSION
  ) {
    throw new CorruptError(`${ACTION}: a session is of version ${structure.sessionVersion}`);
  }
  if (structure.remoteIdentityPublic.length === 0) {
    throw new CorruptError(`${ACTION}: a session has no remote identity`);
  }
  const { senderChain, receiverChains, node } = structure;
  const ratchet = senderChain?.nodeRatchet;
  const neverSent = structure.previousCounter === 0 && ratchet?.previousCounterUnset === true;
  return {
    registrationId: readRegistrationId(structure),
    ephemeralPublic: senderChain?.senderRatchetKey ?? new Uint8Array(0),
    ephemeralPrivate: senderChain?.senderRatchetKeyPrivate ?? new Uint8Array(0),
    lastRemoteEphemeralKey:
      ratchet !== undefined && isFieldSet(ratchet, NodeRatchetSchema.field.lastRemoteEphemeralKey)
        ? ratchet.lastRemoteEphemeralKey
        : (receiverChains.at(-1)?.senderRatchetKey ?? new Uint8Array(0)),
    previousCounter: neverSent ? -1 : structure.previousCounter,
    rootKey: structure.rootKey,
    baseKey: structure.aliceBaseKey,
    baseKeyType: readBaseKeyType(structure),
    closed:
      place.kind === "current"
        ? closedOfCurrent(structure, place)
        : closedOfArchived(node, place.olderClosed),
    used: readUsed(node, place),
    created: node === undefined ? 0 : keptTime(node, "created"),
    remoteIdentityKey: structure.remoteIdentityPublic,
    chains: readChains(structure),
    pendingPreKey: readPendingPreKey(structure),
  };
}

/** Which field each chain goes to. Each list is oldest first. */
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

/** What libsignal-node keeps about a session beside the standard fields. */
function keptFields(
  session: NodeSession,
  context: SessionContext,
  chains: { readonly more: readonly NodeChain[]; readonly spent: readonly NodeChain[] },
): Kept {
  const kept = create(NodeSessionSchema, {
    position: context.position,
    moreChains: chains.more.map(writePrivateChain),
    ...(chains.spent.length === 0 ? {} : packSpentChains(chains.spent)),
  });
  if (session.baseKeyType !== undefined) kept.baseKeyType = session.baseKeyType;
  if (session.closed !== undefined) kept.closed = BigInt(session.closed);
  if (session.used !== undefined) kept.used = BigInt(session.used);
  if (session.created !== undefined) kept.created = BigInt(session.created);
  if (context.archived && session.closed === OPEN) kept.openInArchive = true;
  return kept;
}

/** What libsignal-node keeps about the ratchet beside the standard fields, if anything. */
function ratchetFields(session: NodeSession, newest: Uint8Array | undefined): NodeRatchet | undefined {
  const impliedKey = newest ?? new Uint8Array(0);
  const isImplied = sameBytes(session.lastRemoteEphemeralKey, impliedKey);
  if (isImplied && session.previousCounter >= 0) return undefined;
  const ratchet = create(NodeRatchetSchema);
  if (!isImplied) ratchet.lastRemoteEphemeralKey = session.lastRemoteEphemeralKey;
  if (session.previousCounter < 0) ratchet.previousCounterUnset = true;
  return ratchet;
}

function keptTime(node: Kept, name: "closed" | "used" | "created"): number | undefined {
  if (!isFieldSet(node, NodeSessionSchema.field[name])) return undefined;
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
  const hasKey = senderChain?.chainKey?.key.length === KEY_BYTES;
  if (hasKey || (senderChain !== undefined && wasOpen(node))) return OPEN;
  return Math.max(0, place.olderClosed) + 1;
}

/** A session that another client archived is taken to be closed just after the next older one. */
function closedOfArchived(node: Kept | undefined, olderClosed: number): number | undefined {
  return node === undefined || wasOpen(node) ? Math.max(0, olderClosed) + 1 : keptTime(node, "closed");
}

/**
 * libsignal-node tries sessions in descending order of their last use, and a failed trial may step that session's
 * ratchet. The current session must come first unless libsignal-node itself said otherwise.
 */
function readUsed(node: Kept | undefined, place: StructurePlace): number | undefined {
  const used = node === undefined ? 0 : keptTime(node, "used");
  if (place.kind === "archived" || wasOpen(node)) return used;
  return Math.max(used ?? 0, place.newestUsed);
}

function readBaseKeyType(structure: SessionStructure): number | undefined {
  const { node, pendingPreKey } = structure;
  if (node === undefined) return pendingPreKey === undefined ? THEIRS : OURS;
  return isFieldSet(node, NodeSessionSchema.field.baseKeyType) ? node.baseKeyType : undefined;
}

function readRegistrationId(structure: SessionStructure): number | undefined {
  const isSet = isFieldSet(structure, SessionStructureSchema.field.remoteRegistrationId);
  // Without a number libsignal-node would not count the session as open; other clients may leave out a 0.
  return isSet || structure.node === undefined ? structure.remoteRegistrationId : undefined;
}

function writePendingPreKey(structure: SessionStructure, session: NodeSession): void {
  const { pendingPreKey } = session;
  if (pendingPreKey === undefined) return;
  const { preKeyId, signedKeyId, baseKey } = pendingPreKey;
  structure.pendingPreKey = create(PendingPreKeySchema, {
    signedPreKeyId: signedKeyId,
    baseKey,
    ...(preKeyId === undefined ? {} : { preKeyId }),
  });
}

function readPendingPreKey(structure: SessionStructure): NodeSession["pendingPreKey"] {
  const { pendingPreKey } = structure;
  if (pendingPreKey === undefined) return undefined;
  const baseKey = pendingPreKey.baseKey.length === 0 ? structure.aliceBaseKey : pendingPreKey.baseKey;
  if (baseKey.length === 0) throw new CorruptError(`${ACTION}: a pending pre-key has no base key`);
  return {
    signedKeyId: pendingPreKey.signedPreKeyId,
    baseKey,
    preKeyId: isFieldSet(pendingPreKey, PendingPreKeySchema.field.preKeyId)
      ? pendingPreKey.preKeyId
      : undefined,
  };
}

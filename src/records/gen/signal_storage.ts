// Generated from proto/holdfast/v1/signal_storage.proto by `npm run generate`. Do not edit.

import type { Message, MessageSchema } from "../../protobuf/mod.ts";

/** All sessions with one address. */
export interface RecordStructure extends Message {
  currentSession?: SessionStructure | undefined;
  /** Newest first, at most 40. */
  previousSessions: SessionStructure[];
  /** Other clients: sending counters up to here may have been used by the incarnation that wrote the record. */
  counterReservation?: bigint | undefined;
  /** Other clients: 16 bytes that name the writer. */
  incarnation?: Uint8Array | undefined;
  /** Archived sessions beyond the 40 of the standard, newest first. */
  moreSessions: SessionStructure[];
}

export const RecordStructureSchema: MessageSchema<RecordStructure> = {
  fields: [
    { number: 1, name: "currentSession", kind: () => SessionStructureSchema },
    { number: 2, name: "previousSessions", kind: () => SessionStructureSchema, repeated: true },
    { number: 100, name: "counterReservation", kind: "uint64" },
    { number: 101, name: "incarnation", kind: "bytes" },
    { number: 110, name: "moreSessions", kind: () => SessionStructureSchema, repeated: true },
  ],
};

/** The key of the next message. */
export interface SessionStructure_Chain_ChainKey extends Message {
  /** Counter of the next message: 0 on a fresh chain, one more than libsignal-node's. */
  index?: number | undefined;
  key?: Uint8Array | undefined;
  /**
   * The chain is closed: libsignal-node has thrown its key away. Other clients insist on 32 bytes, so `key` then holds
   * bytes that derive nothing the peer has ever used.
   */
  closed?: boolean | undefined;
}

export const SessionStructure_Chain_ChainKeySchema: MessageSchema<SessionStructure_Chain_ChainKey> = {
  fields: [
    { number: 1, name: "index", kind: "uint32" },
    { number: 2, name: "key", kind: "bytes" },
    { number: 110, name: "closed", kind: "bool" },
  ],
};

/** The keys of one skipped message. */
export interface SessionStructure_Chain_MessageKey extends Message {
  index?: number | undefined;
  cipherKey?: Uint8Array | undefined;
  macKey?: Uint8Array | undefined;
  iv?: Uint8Array | undefined;
  /** What the three keys are derived from, 32 bytes. */
  seed?: Uint8Array | undefined;
}

export const SessionStructure_Chain_MessageKeySchema: MessageSchema<SessionStructure_Chain_MessageKey> = {
  fields: [
    { number: 1, name: "index", kind: "uint32" },
    { number: 2, name: "cipherKey", kind: "bytes" },
    { number: 3, name: "macKey", kind: "bytes" },
    { number: 4, name: "iv", kind: "bytes" },
    { number: 100, name: "seed", kind: "bytes" },
  ],
};

/** Messages under one ratchet key. */
export interface SessionStructure_Chain extends Message {
  senderRatchetKey?: Uint8Array | undefined;
  senderRatchetKeyPrivate?: Uint8Array | undefined;
  chainKey?: SessionStructure_Chain_ChainKey | undefined;
  /** At most 2,000. */
  messageKeys: SessionStructure_Chain_MessageKey[];
  /** In the sending chain only. It counts as long as this sending chain does, that is until the next ratchet step. */
  nodeRatchet?: NodeRatchet | undefined;
  /** In `NodeSession.more_chains` only: 1 sending, 2 receiving. */
  nodeChainType?: number | undefined;
}

export const SessionStructure_ChainSchema: MessageSchema<SessionStructure_Chain> = {
  fields: [
    { number: 1, name: "senderRatchetKey", kind: "bytes" },
    { number: 2, name: "senderRatchetKeyPrivate", kind: "bytes" },
    { number: 3, name: "chainKey", kind: () => SessionStructure_Chain_ChainKeySchema },
    { number: 4, name: "messageKeys", kind: () => SessionStructure_Chain_MessageKeySchema, repeated: true },
    { number: 110, name: "nodeRatchet", kind: () => NodeRatchetSchema },
    { number: 111, name: "nodeChainType", kind: "uint32" },
  ],
};

/** A key exchange under way. Obsolete; kept as it is found. */
export interface SessionStructure_PendingKeyExchange extends Message {
  sequence?: number | undefined;
  localBaseKey?: Uint8Array | undefined;
  localBaseKeyPrivate?: Uint8Array | undefined;
  localRatchetKey?: Uint8Array | undefined;
  localRatchetKeyPrivate?: Uint8Array | undefined;
  localIdentityKey?: Uint8Array | undefined;
  localIdentityKeyPrivate?: Uint8Array | undefined;
}

export const SessionStructure_PendingKeyExchangeSchema: MessageSchema<SessionStructure_PendingKeyExchange> = {
  fields: [
    { number: 1, name: "sequence", kind: "uint32" },
    { number: 2, name: "localBaseKey", kind: "bytes" },
    { number: 3, name: "localBaseKeyPrivate", kind: "bytes" },
    { number: 4, name: "localRatchetKey", kind: "bytes" },
    { number: 5, name: "localRatchetKeyPrivate", kind: "bytes" },
    { number: 7, name: "localIdentityKey", kind: "bytes" },
    { number: 8, name: "localIdentityKeyPrivate", kind: "bytes" },
  ],
};

/** The pre-keys that messages name until the peer has answered. */
export interface SessionStructure_PendingPreKey extends Message {
  preKeyId?: number | undefined;
  baseKey?: Uint8Array | undefined;
  signedPreKeyId?: number | undefined;
}

export const SessionStructure_PendingPreKeySchema: MessageSchema<SessionStructure_PendingPreKey> = {
  fields: [
    { number: 1, name: "preKeyId", kind: "uint32" },
    { number: 2, name: "baseKey", kind: "bytes" },
    { number: 3, name: "signedPreKeyId", kind: "int32" },
  ],
};

/** One session: a root key, a sending chain and some receiving chains. Public keys are 33 bytes, with the 0x05 prefix. */
export interface SessionStructure extends Message {
  sessionVersion?: number | undefined;
  localIdentityPublic?: Uint8Array | undefined;
  remoteIdentityPublic?: Uint8Array | undefined;
  rootKey?: Uint8Array | undefined;
  /** Counter of the last message on the sending chain before this one, 0 when there was none. */
  previousCounter?: number | undefined;
  senderChain?: SessionStructure_Chain | undefined;
  /** Oldest first, at most 5. */
  receiverChains: SessionStructure_Chain[];
  pendingKeyExchange?: SessionStructure_PendingKeyExchange | undefined;
  pendingPreKey?: SessionStructure_PendingPreKey | undefined;
  remoteRegistrationId?: number | undefined;
  localRegistrationId?: number | undefined;
  needsRefresh?: boolean | undefined;
  aliceBaseKey?: Uint8Array | undefined;
  node?: NodeSession | undefined;
}

export const SessionStructureSchema: MessageSchema<SessionStructure> = {
  fields: [
    { number: 1, name: "sessionVersion", kind: "uint32" },
    { number: 2, name: "localIdentityPublic", kind: "bytes" },
    { number: 3, name: "remoteIdentityPublic", kind: "bytes" },
    { number: 4, name: "rootKey", kind: "bytes" },
    { number: 5, name: "previousCounter", kind: "uint32" },
    { number: 6, name: "senderChain", kind: () => SessionStructure_ChainSchema },
    { number: 7, name: "receiverChains", kind: () => SessionStructure_ChainSchema, repeated: true },
    { number: 8, name: "pendingKeyExchange", kind: () => SessionStructure_PendingKeyExchangeSchema },
    { number: 9, name: "pendingPreKey", kind: () => SessionStructure_PendingPreKeySchema },
    { number: 10, name: "remoteRegistrationId", kind: "uint32" },
    { number: 11, name: "localRegistrationId", kind: "uint32" },
    { number: 12, name: "needsRefresh", kind: "bool" },
    { number: 13, name: "aliceBaseKey", kind: "bytes" },
    { number: 110, name: "node", kind: () => NodeSessionSchema },
  ],
};

/** What libsignal-node keeps about a session beside the standard fields. A field that is absent was absent there. */
export interface NodeSession extends Message {
  /** Place among the record's sessions in libsignal-node's order. */
  position?: number | undefined;
  /** 1 ours, 2 theirs. */
  baseKeyType?: number | undefined;
  /**
   * Unix milliseconds, -1 while open. An archived session that was open when it was written has been archived by another
   * client since, unless `open_in_archive` says that it was archived all along.
   */
  closed?: bigint | undefined;
  /** Unix milliseconds. */
  used?: bigint | undefined;
  /** Unix milliseconds. */
  created?: bigint | undefined;
  openInArchive?: boolean | undefined;
  /** Chains that the standard fields have no room for, oldest first. Message keys in here have seeds only. */
  moreChains: SessionStructure_Chain[];
  /** Ratchet keys, 33 bytes each and oldest first, of receiving chains that are closed and have no message key left. */
  spentRatchetKeys?: Uint8Array | undefined;
  /** Chain key indexes of the same chains. */
  spentIndexes: number[];
}

export const NodeSessionSchema: MessageSchema<NodeSession> = {
  fields: [
    { number: 1, name: "position", kind: "uint32" },
    { number: 2, name: "baseKeyType", kind: "uint32" },
    { number: 3, name: "closed", kind: "int64" },
    { number: 4, name: "used", kind: "int64" },
    { number: 5, name: "created", kind: "int64" },
    { number: 6, name: "openInArchive", kind: "bool" },
    { number: 7, name: "moreChains", kind: () => SessionStructure_ChainSchema, repeated: true },
    { number: 8, name: "spentRatchetKeys", kind: "bytes" },
    { number: 9, name: "spentIndexes", kind: "uint32", repeated: true },
  ],
};

/** What libsignal-node keeps about the current ratchet beside the standard fields. */
export interface NodeRatchet extends Message {
  /** Set when it is not the ratchet key of the newest receiving chain. */
  lastRemoteEphemeralKey?: Uint8Array | undefined;
  /** The previous counter is -1 there: the sending chain before this one was never used. */
  previousCounterUnset?: boolean | undefined;
}

export const NodeRatchetSchema: MessageSchema<NodeRatchet> = {
  fields: [
    { number: 1, name: "lastRemoteEphemeralKey", kind: "bytes" },
    { number: 2, name: "previousCounterUnset", kind: "bool" },
  ],
};

/** The sender keys of one sender in one group. */
export interface SenderKeyRecordStructure extends Message {
  /** Newest first, at most 5. */
  senderKeyStates: SenderKeyStateStructure[];
  /** Other clients: as in `RecordStructure`. */
  counterReservation?: bigint | undefined;
  /** Other clients: as in `RecordStructure`. */
  incarnation?: Uint8Array | undefined;
}

export const SenderKeyRecordStructureSchema: MessageSchema<SenderKeyRecordStructure> = {
  fields: [
    { number: 1, name: "senderKeyStates", kind: () => SenderKeyStateStructureSchema, repeated: true },
    { number: 100, name: "counterReservation", kind: "uint64" },
    { number: 101, name: "incarnation", kind: "bytes" },
  ],
};

/** The key of the next message. */
export interface SenderKeyStateStructure_SenderChainKey extends Message {
  iteration?: number | undefined;
  seed?: Uint8Array | undefined;
}

export const SenderKeyStateStructure_SenderChainKeySchema: MessageSchema<SenderKeyStateStructure_SenderChainKey> = {
  fields: [
    { number: 1, name: "iteration", kind: "uint32" },
    { number: 2, name: "seed", kind: "bytes" },
  ],
};

/** The key of one skipped message. */
export interface SenderKeyStateStructure_SenderMessageKey extends Message {
  iteration?: number | undefined;
  seed?: Uint8Array | undefined;
}

export const SenderKeyStateStructure_SenderMessageKeySchema: MessageSchema<SenderKeyStateStructure_SenderMessageKey> = {
  fields: [
    { number: 1, name: "iteration", kind: "uint32" },
    { number: 2, name: "seed", kind: "bytes" },
  ],
};

/** The key pair that signs messages. The private half is there only when the sender key is our own. */
export interface SenderKeyStateStructure_SenderSigningKey extends Message {
  public?: Uint8Array | undefined;
  private?: Uint8Array | undefined;
}

export const SenderKeyStateStructure_SenderSigningKeySchema: MessageSchema<SenderKeyStateStructure_SenderSigningKey> = {
  fields: [
    { number: 1, name: "public", kind: "bytes" },
    { number: 2, name: "private", kind: "bytes" },
  ],
};

/** One sender key. */
export interface SenderKeyStateStructure extends Message {
  senderKeyId?: number | undefined;
  senderChainKey?: SenderKeyStateStructure_SenderChainKey | undefined;
  senderSigningKey?: SenderKeyStateStructure_SenderSigningKey | undefined;
  /** At most 2,000. */
  senderMessageKeys: SenderKeyStateStructure_SenderMessageKey[];
}

export const SenderKeyStateStructureSchema: MessageSchema<SenderKeyStateStructure> = {
  fields: [
    { number: 1, name: "senderKeyId", kind: "uint32" },
    { number: 2, name: "senderChainKey", kind: () => SenderKeyStateStructure_SenderChainKeySchema },
    { number: 3, name: "senderSigningKey", kind: () => SenderKeyStateStructure_SenderSigningKeySchema },
    { number: 4, name: "senderMessageKeys", kind: () => SenderKeyStateStructure_SenderMessageKeySchema, repeated: true },
  ],
};

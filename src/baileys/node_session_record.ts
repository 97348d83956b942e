import { CorruptError } from "../errors/mod.ts";
import type { LiveRecordCodec, SendingChain } from "../ratchet/mod.ts";
import { isTooFar, steppedBase64Key } from "./base64_chain.ts";
import {
  freeSessionName,
  type LocalIdentity,
  MAX_SPENT_CHAINS,
  type NodeChainJson,
  type NodeRecordJson,
  type NodeSessionJson,
  OPEN,
  recordToSession,
  SENDING,
  SessionEncoder,
} from "./convert/mod.ts";

/**
 * Number of chains of the open session above which spent ones are pruned. It is larger than the limit, so
 * that the scan is rare.
 */
const MAX_CHAINS: number = MAX_SPENT_CHAINS + 128;

/**
 * A serialised session record of libsignal-node in memory. The JSON is immutable: copies share it, and so
 * does the library, which only reads it.
 */
export class NodeSessionRecord {
  #json: NodeRecordJson;
  #sending: SendingChain | undefined;
  /** Shared by records that were derived from each other, because most of their encoding is the same. */
  readonly #encoder: SessionEncoder;

  private constructor(json: NodeRecordJson, sending: SendingChain | undefined, encoder: SessionEncoder) {
    this.#json = json;
    this.#sending = sending;
    this.#encoder = encoder;
  }

  /**
   * @param json A serialised record of libsignal-node, which the result owns.
   * @param before The record that it was loaded from, if any, to share common parts.
   * @throws {CorruptError} When it is not a record.
   */
  static of(json: NodeRecordJson, before?: NodeSessionRecord): NodeSessionRecord {
    const sending = sendingOf(json);
    const known = before?.sending;
    const isSame = sending !== undefined && known?.id === sending.id && known.next === sending.next;
    const encoder = before === undefined ? new SessionEncoder() : before.#encoder;
    return new NodeSessionRecord(json, isSame ? known : sending, encoder);
  }

  /** For `SessionRecord.deserialize()`. Do not change it. */
  get json(): NodeRecordJson {
    return this.#json;
  }

  /** The sending chain of the open session. The same object until a message is sent on it. */
  get sending(): SendingChain | undefined {
    return this.#sending;
  }

  /** The base key of the open session. */
  get openBaseKey(): string | undefined {
    return openOf(this.#json)?.session.indexInfo.baseKey;
  }

  /** Whether libsignal-node can send with it: its `haveOpenSession`. */
  get isOpen(): boolean {
    return typeof openOf(this.#json)?.session.registrationId === "number";
  }

  copy(): NodeSessionRecord {
    return new NodeSessionRecord(this.#json, this.#sending, this.#encoder);
  }

  encode(local: LocalIdentity): Uint8Array {
    return this.#encoder.encode(this.#json, local);
  }

  /** See `RecordCodec.fastForward`. */
  fastForward(chainId: string, bound: number): void {
    for (const [name, session] of Object.entries(this.#json._sessions)) {
      if (usableChain(session, chainId) === undefined) continue;
      this.#replace({ [name]: burned(session, chainId, bound) });
      return;
    }
    throw new RangeError("fast-forward session: no such chain");
  }

  /** See `RecordCodec.close`. The open session counts as the last closed one. */
  close(): void {
    const closedAt = this.#lastClosed() + 1;
    const sessions = Object.entries(this.#json._sessions).map(([name, session]) => {
      const silent = silenced(session);
      return [name, session.indexInfo.closed === OPEN ? closedAs(silent, closedAt) : silent];
    });
    this.#replace(Object.fromEntries(sessions));
  }

  /**
   * Drops the oldest closed and empty chains of the open session. libsignal-node adds one each time the
   * conversation changes direction and serialises all of them with each message. At least as many as are
   * stored stay.
   */
  prune(): void {
    const open = openOf(this.#json);
    if (open === undefined) return;
    if (Object.keys(open.session._chains).length <= MAX_CHAINS) return;
    const chains = Object.entries(open.session._chains);
    const { lastRemoteEphemeralKey } = open.session.currentRatchet;
    const spent = chains.filter(([id, chain]) => id !== lastRemoteEphemeralKey && isSpent(chain));
    const dropped = new Set(spent.slice(0, -MAX_SPENT_CHAINS).map(([id]) => id));
    const _chains = Object.fromEntries(chains.filter(([id]) => !dropped.has(id)));
    const { sending } = this;
    this.#replace({ [open.name]: { ...open.session, _chains } });
    this.#sending = sending;
  }

  /** See `LiveRecordCodec.absorb`. If no session is open here, the other's open session is used, burned. */
  absorb(other: NodeSessionRecord, bound: number): void {
    const own = this.#json._sessions;
    const hasOpen = openOf(this.#json) !== undefined;
    const closedAt = Math.max(this.#lastClosed(), other.#lastClosed()) + 1;
    const coming: Record<string, NodeSessionJson> = {};
    for (const session of Object.values(other.#json._sessions)) {
      const name = freeSessionName(
        session.indexInfo.baseKey,
        (taken) => Object.hasOwn(own, taken) || Object.hasOwn(coming, taken),
      );
      const burnt = isBeyond(session, bound)
        ? silenced(session)
        : burned(session, sendingIdOf(session), bound);
      coming[name] = hasOpen && session.indexInfo.closed === OPEN ? closedAs(burnt, closedAt) : burnt;
    }
    // Appended, because libsignal-node finds the first of two states of one session by its base key.
    const json = { ...this.#json, _sessions: { ...own, ...coming } };
    const sending = sendingOf(json);
    this.#json = json;
    // It continues an older chain, so it must be gated.
    if (!hasOpen) this.#sending = sending && { ...sending, isResumed: true };
  }

  /** The latest time at which a session was closed or used. */
  #lastClosed(): number {
    let last = 0;
    for (const { indexInfo } of Object.values(this.#json._sessions)) {
      last = Math.max(last, indexInfo.closed ?? 0, indexInfo.used ?? 0);
    }
    return last;
  }

  #replace(sessions: Readonly<Record<string, NodeSessionJson>>): void {
    this.#json = { ...this.#json, _sessions: { ...this.#json._sessions, ...sessions } };
    this.#sending = sendingOf(this.#json);
  }
}

/**
 * Codec for cached sessions of libsignal-node. It converts them to the standard record on flushes, and from
 * it on reads.
 *
 * @param local Returns our identity for the standard record.
 */
export function nodeSessionCodec(local: () => LocalIdentity): LiveRecordCodec<NodeSessionRecord> {
  return {
    decode: (bytes) => NodeSessionRecord.of(recordToSession(bytes)),
    encode: (record) => record.encode(local()),
    copy: (record) => record.copy(),
    sendingChain: ({ sending }) => sending,
    sendingMark: ({ sending }) => sending,
    closedChain: () => undefined,
    isNewStart: (before, after) => before.openBaseKey !== after.openBaseKey,
    fastForward: (record, chainId, bound) => record.fastForward(chainId, bound),
    close: (record) => record.close(),
    absorb: (record, other, bound) => record.absorb(other, bound),
    prune: (record) => record.prune(),
  };
}

/** The session with which libsignal-node sends. */
function openOf(
  json: NodeRecordJson,
): { readonly name: string; readonly session: NodeSessionJson } | undefined {
  const sessions = json._sessions;
  for (const name in sessions) {
    const session = sessions[name] as NodeSessionJson;
    if (session.indexInfo.closed === OPEN) return { name, session };
  }
  return undefined;
}

function sendingOf(json: NodeRecordJson): SendingChain | undefined {
  try {
    const session = openOf(json)?.session;
    if (session === undefined) return undefined;
    const id = sendingIdOf(session);
    const chain = usableChain(session, id);
    return chain === undefined ? undefined : { id, next: chain.chainKey.counter + 1, isResumed: false };
  } catch {
    throw new CorruptError("convert session: not a record");
  }
}

/** Whether a receiving chain is closed and has no message keys. */
function isSpent({ chainType, chainKey, messageKeys }: NodeChainJson): boolean {
  return chainType !== SENDING && chainKey.key === undefined && Object.keys(messageKeys).length === 0;
}

function sendingIdOf(session: NodeSessionJson): string {
  return session.currentRatchet.ephemeralKeyPair.pubKey;
}

/** The chain with this id, if it can send. */
function usableChain(session: NodeSessionJson, chainId: string): NodeChainJson | undefined {
  const chain = session._chains[chainId];
  return chain?.chainType === SENDING && chain.chainKey.key !== undefined ? chain : undefined;
}

/** Whether receivers would not follow the session's sending chain to `bound`. */
function isBeyond(session: NodeSessionJson, bound: number): boolean {
  const chain = usableChain(session, sendingIdOf(session));
  return chain !== undefined && isTooFar(chain.chainKey.counter + 1, bound);
}

/** The session with its sending chain at `bound`. @throws {RangeError} When that is too far. */
function burned(session: NodeSessionJson, chainId: string, bound: number): NodeSessionJson {
  const { counter, key } = usableChain(session, chainId)?.chainKey ?? {};
  if (counter === undefined || counter + 1 >= bound) return session;
  return withChainKey(session, chainId, {
    counter: bound - 1,
    key: steppedBase64Key(key, counter + 1, bound),
  });
}

/** The session without the key of its sending chain. */
function silenced(session: NodeSessionJson): NodeSessionJson {
  const id = sendingIdOf(session);
  const chain = usableChain(session, id);
  return chain === undefined
    ? session
    : withChainKey(session, id, { counter: chain.chainKey.counter, key: undefined });
}

function closedAs(session: NodeSessionJson, at: number): NodeSessionJson {
  return { ...session, indexInfo: { ...session.indexInfo, closed: at } };
}

function withChainKey(
  session: NodeSessionJson,
  chainId: string,
  chainKey: NodeChainJson["chainKey"],
): NodeSessionJson {
  const chain = session._chains[chainId] as NodeChainJson;
  return { ...session, _chains: { ...session._chains, [chainId]: { ...chain, chainKey } } };
}

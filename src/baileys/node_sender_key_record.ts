import { encodeUtf8 } from "../bytes/mod.ts";
import { type LiveRecordCodec, SenderKeyRecord, type SendingChain } from "../ratchet/mod.ts";
import { steppedBase64Key } from "./base64_chain.ts";
import {
  parseSenderKeyStates,
  recordToSenderKeyStates,
  type SenderKeyStateJson,
  senderKeyToRecord,
} from "./convert/mod.ts";

type States = readonly SenderKeyStateJson[];

/** A sender key of Baileys in memory: its immutable states, the newest last. */
export class NodeSenderKeyRecord {
  #states: States;
  #sending: SendingChain | undefined;

  private constructor(states: States, sending: SendingChain | undefined) {
    this.#states = states;
    this.#sending = sending;
  }

  /** @param before The record that it was loaded from, if any. */
  static of(states: States, before?: NodeSenderKeyRecord): NodeSenderKeyRecord {
    const sending = sendingOf(states);
    const known = before?.sending;
    const isSame = sending !== undefined && known?.id === sending.id && known.next === sending.next;
    return new NodeSenderKeyRecord(states, isSame ? known : sending);
  }

  /**
   * @param value A serialised sender key of Baileys.
   * @throws {CorruptError} When it is not JSON of states.
   */
  static parse(value: unknown, before?: NodeSenderKeyRecord): NodeSenderKeyRecord {
    return NodeSenderKeyRecord.of(parseSenderKeyStates(value), before);
  }

  /** UTF-8 JSON for Baileys, owned by the caller. */
  get bytes(): Uint8Array {
    return encodeUtf8(JSON.stringify(this.#states));
  }

  /** Whether it has no state. Baileys stores such a key shortly before the first state. */
  get isEmpty(): boolean {
    return this.#states.length === 0;
  }

  /** Number of states. */
  get count(): number {
    return this.#states.length;
  }

  /** Whether two states of a peer have one id: Baileys then finds only the older one. */
  get hasTwins(): boolean {
    return (
      this.#sending === undefined &&
      new Set(this.#states.map(({ senderKeyId }) => senderKeyId)).size < this.count
    );
  }

  /** Makes the oldest state the newest. */
  rotate(): void {
    this.#states = [...this.#states.slice(1), ...this.#states.slice(0, 1)];
  }

  /** The chain of the newest state, if it is our own. The same object until a message is sent on it. */
  get sending(): SendingChain | undefined {
    return this.#sending;
  }

  copy(): NodeSenderKeyRecord {
    return new NodeSenderKeyRecord(this.#states, this.#sending);
  }

  encode(): Uint8Array {
    return senderKeyToRecord(this.#states);
  }

  /**
   * Drops the skipped message keys of our own states. Baileys takes two steps with each group message and
   * keeps the unused key in between.
   */
  prune(): void {
    if (this.#states.every((state) => !isOwn(state) || state.senderMessageKeys.length === 0)) return;
    this.#states = this.#states.map((state) => (isOwn(state) ? { ...state, senderMessageKeys: [] } : state));
  }

  /** See `RecordCodec.fastForward`. */
  fastForward(chainId: string, bound: number): void {
    const at = this.#states.findIndex((state) => isOwn(state) && idOf(state) === chainId);
    const state = this.#states[at];
    if (state === undefined) throw new RangeError("fast-forward sender key: no such own state");
    this.#states = this.#states.with(at, burned(state, bound));
    this.#sending = sendingOf(this.#states);
  }

  /** See `RecordCodec.close`: Baileys finds no own key and creates another. */
  close(): void {
    this.#states = this.#states.filter((state) => !isOwn(state));
    this.#sending = undefined;
  }

  /** See `LiveRecordCodec.absorb`. It converts to the standard record, because it is rare. */
  absorb(other: NodeSenderKeyRecord): void {
    const record = SenderKeyRecord.decode(this.encode());
    record.absorb(SenderKeyRecord.decode(other.encode()));
    this.#states = recordToSenderKeyStates(record.encode());
    this.#sending = sendingOf(this.#states);
  }
}

/** Codec for cached sender keys of Baileys. It converts them on flushes and reads. */
export const nodeSenderKeyCodec: LiveRecordCodec<NodeSenderKeyRecord> = {
  decode: (bytes) => NodeSenderKeyRecord.of(recordToSenderKeyStates(bytes)),
  encode: (record) => record.encode(),
  copy: (record) => record.copy(),
  sendingChain: ({ sending }) => sending,
  sendingMark: ({ sending }) => sending,
  closedChain: () => undefined,
  isNewStart: () => true,
  fastForward: (record, chainId, bound) => record.fastForward(chainId, bound),
  close: (record) => record.close(),
  absorb: (record, other) => record.absorb(other),
  prune: (record) => record.prune(),
};

function isOwn(state: SenderKeyStateJson): boolean {
  return state.senderSigningKey.private.data !== "";
}

function idOf(state: SenderKeyStateJson): string {
  return `${state.senderKeyId}:${state.senderSigningKey.public.data}`;
}

function sendingOf(states: States): SendingChain | undefined {
  const newest = states.at(-1);
  if (newest === undefined || !isOwn(newest)) return undefined;
  return { id: idOf(newest), next: newest.senderChainKey.iteration, isResumed: false };
}

function burned(state: SenderKeyStateJson, bound: number): SenderKeyStateJson {
  const { iteration, seed } = state.senderChainKey;
  if (iteration >= bound) return state;
  const data = steppedBase64Key(seed.data, iteration, bound);
  return { ...state, senderChainKey: { iteration: bound, seed: { ...seed, data } } };
}

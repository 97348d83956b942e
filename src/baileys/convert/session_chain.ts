/** Conversions of chains between libsignal-node and the standard. */

import { KEY_BYTES, PUBLIC_KEY_BYTES } from "../../bytes/mod.ts";
import { EMPTY } from "../../protobuf/mod.ts";
import { isRetiredKey, MAX_MESSAGE_KEYS, retiredKey } from "../../ratchet/mod.ts";
import type {
  SessionStructure_Chain as Chain,
  SessionStructure_Chain_MessageKey as MessageKey,
  NodeSession,
} from "../../records/mod.ts";
import { deriveKeys, isSeed, joinKeys, splitKeys } from "./_message_key.ts";
import { type NodeChain, RECEIVING } from "./node_session.ts";

/**
 * Maximum number of spent chains of a session, about 18 kB. libsignal-node adds one each time the
 * conversation changes direction.
 */
export const MAX_SPENT_CHAINS = 512;

/** Room for further spent chains, at least. */
const MIN_ROOM = 4;

/** Packed closed and empty chains of a session. */
export interface SpentChains {
  readonly spentRatchetKeys: Uint8Array;
  readonly spentIndexes: number[];
}

/**
 * A key for a closed chain, which has none, because other clients require one.
 *
 * It must be secret: with a known key, such as zeros, an attacker could forge messages on that chain for a
 * client that uses the field. It is derived from the root key, so it is as secret, and it decrypts no message
 * of the peer.
 *
 * @param ratchetKey That of a sending chain. Receiving chains share one key: a session has several, each
 * message begins a new root key, and deriving five keys took a fifth of the encoding.
 */
export function placeholderKey(rootKey: Uint8Array, ratchetKey?: Uint8Array): Uint8Array {
  return retiredKey(rootKey, ratchetKey);
}

/** Converts a chain for a standard field: derives message keys. */
export function writeChain(chain: NodeChain, keyIfClosed: Uint8Array | undefined): Chain {
  const message = startChain(chain, keyIfClosed);
  message.messageKeys = newestKeys(chain).map(([index, key]) => {
    return isSeed(key) ? { index, ...deriveKeys(key), seed: key } : { index, ...splitKeys(key) };
  });
  return message;
}

/** Converts a chain for a private field, which only this converter reads: message keys stay seeds. */
export function writePrivateChain(chain: NodeChain): Chain {
  const message = startChain(chain, undefined);
  message.nodeChainType = chain.type;
  message.messageKeys = newestKeys(chain).map(([index, key]) =>
    isSeed(key) ? { index, seed: key } : { index, ...splitKeys(key) },
  );
  return message;
}

/** Reads a chain from either kind of field. */
export function readChain(chain: Chain, type: number): NodeChain {
  const { chainKey } = chain;
  const hasKey =
    chainKey?.closed !== true && chainKey?.key?.length === KEY_BYTES && !isRetiredKey(chainKey.key);
  return {
    ratchetKey: chain.senderRatchetKey ?? EMPTY,
    type,
    counter: (chainKey?.index ?? 0) - 1,
    key: hasKey ? chainKey.key : undefined,
    messageKeys: chain.messageKeys.flatMap(readMessageKey).sort((a, b) => a[0] - b[0]),
  };
}

/** Whether a receiving chain is closed and has no message keys. */
export function isSpent(chain: NodeChain): boolean {
  return chain.type === RECEIVING && chain.key === undefined && chain.messageKeys.length === 0;
}

/** Packs spent chains. */
export function packSpentChains(chains: readonly NodeChain[]): SpentChains {
  const packed = new PackedChains();
  for (const chain of chains) packed.add(chain);
  return packed.chains();
}

/** Spent chains in the packed form, which grows at the end and shrinks at the front. */
export class PackedChains {
  /** The ratchet keys, with room for more. */
  #keys = EMPTY;
  /** Chains that were dropped from the front of `#keys`. */
  #start = 0;
  #indexes: number[] = [];

  get count(): number {
    return this.#indexes.length;
  }

  /** The counter of a chain, as in `NodeChain`. */
  counter(at: number): number {
    return (this.#indexes[at] ?? Number.NaN) - 1;
  }

  /** Drops the oldest chains. */
  drop(count: number): void {
    if (count === 0) return;
    this.#indexes = this.#indexes.slice(count);
    this.#start = this.#indexes.length === 0 ? 0 : this.#start + count;
  }

  add({ ratchetKey, counter }: NodeChain): void {
    const end = (this.#start + this.count) * PUBLIC_KEY_BYTES;
    if (end + PUBLIC_KEY_BYTES > this.#keys.length) this.#makeRoom();
    this.#keys.set(ratchetKey, (this.#start + this.count) * PUBLIC_KEY_BYTES);
    this.#indexes.push(counter + 1);
  }

  /** The packed form, valid until the next change. */
  chains(): SpentChains {
    const [start, end] = [this.#start, this.#start + this.count];
    return {
      spentRatchetKeys: this.#keys.subarray(start * PUBLIC_KEY_BYTES, end * PUBLIC_KEY_BYTES),
      spentIndexes: this.#indexes,
    };
  }

  /** Moves the keys to the front of new memory, with room for as many again. */
  #makeRoom(): void {
    const keys = new Uint8Array(2 * (this.count + MIN_ROOM) * PUBLIC_KEY_BYTES);
    keys.set(this.chains().spentRatchetKeys);
    this.#keys = keys;
    this.#start = 0;
  }
}

/** Unpacks spent chains. Omits chains without a key or an index. */
export function unpackSpentChains({ spentRatchetKeys = EMPTY, spentIndexes }: NodeSession): NodeChain[] {
  return spentIndexes.flatMap((index, i) => {
    const ratchetKey = spentRatchetKeys.subarray(i * PUBLIC_KEY_BYTES, (i + 1) * PUBLIC_KEY_BYTES);
    if (ratchetKey.length !== PUBLIC_KEY_BYTES) return [];
    return [{ ratchetKey, type: RECEIVING, counter: index - 1, key: undefined, messageKeys: [] }];
  });
}

function startChain(chain: NodeChain, keyIfClosed: Uint8Array | undefined): Chain {
  const key = chain.key ?? keyIfClosed;
  return {
    senderRatchetKey: chain.ratchetKey,
    chainKey: { index: chain.counter + 1, key, closed: chain.key === undefined ? true : undefined },
    messageKeys: [],
  };
}

function newestKeys(chain: NodeChain): NodeChain["messageKeys"] {
  return chain.messageKeys.slice(-MAX_MESSAGE_KEYS);
}

/** Omits a message key that has neither a seed nor all three derived keys, because it is useless. */
function readMessageKey(message: MessageKey): (readonly [number, Uint8Array])[] {
  const { index = 0, seed } = message;
  const key = seed !== undefined && isSeed(seed) ? seed : joinKeys(message);
  return key === undefined ? [] : [[index, key]];
}

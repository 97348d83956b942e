import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { encodeUtf8, hexOf } from "../bytes/mod.ts";
import { IV_BYTES, KEY_BYTES } from "./sealer.ts";

/** Bytes of the name of a life. */
export const LIFE_BYTES = 16;

/** Label of the keys of lives. */
const LIFE_LABEL: string = "holdfast sealing 1: life";

/** Values that one life seals before the next one begins. Far below what AES-GCM allows of one key. */
export const MAX_LIFE_VALUES: number = 2 ** 32;

/** What tells a life from every other one. */
export interface LifeInputs {
  /** Drawn at random by the opening. */
  readonly incarnation: Uint8Array;
  /** The owner epoch of the commits that the life seals. */
  readonly ownerEpoch: number;
  /** When the opening started, in milliseconds. */
  readonly startedAtMs: number;
  /** See `machineId`. */
  readonly machineId: string;
}

/**
 * The name of a life: a digest of its inputs, which stands in each of its values. Inputs that differ give
 * names that differ, also where randomness repeats.
 */
export function lifeName({ incarnation, ownerEpoch, startedAtMs, machineId }: LifeInputs): Uint8Array {
  const text = [hexOf(incarnation), ownerEpoch, startedAtMs, machineId].join("\0");
  return sha256(encodeUtf8(text)).slice(0, LIFE_BYTES);
}

/** The key of a life. It is derived from the root key and from the name in a value. */
export function lifeKey(rootKey: Uint8Array, name: Uint8Array): Uint8Array {
  return hkdf(sha256, rootKey, name, encodeUtf8(LIFE_LABEL), KEY_BYTES);
}

/**
 * The heads of the values of one life. Each has another initialisation vector: the number of the value.
 */
export class CountedHeads {
  readonly #head: Uint8Array;
  readonly #view: DataView;
  #used = 0;

  /** @param head What is in front of the initialisation vector. */
  constructor(head: Uint8Array) {
    this.#head = new Uint8Array(head.length + IV_BYTES);
    this.#head.set(head);
    this.#view = new DataView(this.#head.buffer, head.length);
  }

  /** How many are used. */
  get used(): number {
    return this.#used;
  }

  /** The next one. Its bytes change with the next call. */
  next(): Uint8Array {
    this.#used += 1;
    this.#view.setUint32(4, Math.floor(this.#used / 2 ** 32));
    this.#view.setUint32(8, this.#used % 2 ** 32);
    return this.#head;
  }
}

import type { SeededRandom } from "../../src/testing/mod.ts";

/** Part of every hostile text: no error may contain it, because a value may be a secret. */
export const MARKER = "MaRkEr";

/** The error of a hostile getter or method. An error of the caller's own code may pass through. */
export class TrapError extends Error {}

/** A value with its name in a report. */
export interface NamedValue {
  readonly name: string;
  readonly value: unknown;
}

function trap(): never {
  throw new TrapError("trap");
}

function detached(): Uint8Array {
  const bytes = new Uint8Array(32);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

/** Makes each kind of hostile value, new with each call. */
const MAKERS: Readonly<Record<string, () => unknown>> = {
  undefined: () => undefined,
  null: () => null,
  NaN: () => Number.NaN,
  "-0": () => -0,
  "-1": () => -1,
  "0.5": () => 0.5,
  "2^53": () => 2 ** 53,
  "1e308": () => 1e308,
  Infinity: () => Number.POSITIVE_INFINITY,
  "1n": () => 1n,
  "2n^70": () => 2n ** 70n,
  true: () => true,
  false: () => false,
  "empty text": () => "",
  text: () => `${MARKER}x`,
  "text with NUL": () => `${MARKER}\0x`,
  "lone surrogate": () => `${MARKER}\ud800`,
  "long text": () => MARKER.repeat(400),
  __proto__: () => "__proto__",
  "text object": () => new String(MARKER),
  symbol: () => Symbol(MARKER),
  array: () => [],
  "array of undefined": () => [undefined],
  "array of text": () => [`${MARKER}y`, null, 3],
  "array like": () => ({ length: 2 ** 31 }),
  object: () => ({}),
  "object without prototype": () => Object.create(null),
  "object that is a text": () => ({ toString: () => MARKER, valueOf: () => MARKER }),
  "object that is no primitive": () => ({ toString: trap, valueOf: trap, [Symbol.toPrimitive]: trap }),
  "getters that throw": () =>
    new Proxy(
      {},
      {
        get: (_, name) => (name === "then" ? undefined : trap()),
        has: trap,
        ownKeys: trap,
        getOwnPropertyDescriptor: trap,
      },
    ),
  "proxy of bytes": () => new Proxy(new Uint8Array(32), {}),
  "proxy of a Map": () => new Proxy(new Map(), {}),
  "revoked proxy": () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  "object in itself": () => {
    const value: Record<string, unknown> = {};
    value.self = value;
    return value;
  },
  function: () => () => undefined,
  "function that throws": () => trap,
  class: () => class {},
  Map: () => new Map([[MARKER, MARKER]]),
  Set: () => new Set([MARKER]),
  Date: () => new Date(Number.NaN),
  RegExp: () => /x/g,
  Error: () => new Error(MARKER),
  "rejected promise": () => {
    const promise = Promise.reject(new TrapError("trap"));
    promise.catch(() => {});
    return promise;
  },
  "bytes 0": () => new Uint8Array(0),
  "bytes 1": () => new Uint8Array(1),
  "bytes 31": () => new Uint8Array(31).fill(0xff),
  "detached bytes": detached,
  "array of numbers": () => Array.from({ length: 32 }, () => 7),
  "16 bit": () => new Uint16Array(16),
  ArrayBuffer: () => new ArrayBuffer(32),
  DataView: () => new DataView(new ArrayBuffer(32)),
  SharedArrayBuffer: () => new SharedArrayBuffer(32),
};

const KINDS: readonly string[] = Object.keys(MAKERS);

/** Picks one hostile value. */
export function hostileValue(random: SeededRandom): NamedValue {
  const name = KINDS[random.below(KINDS.length)] as string;
  return { name, value: MAKERS[name]?.() };
}

/** One value of each kind. */
export function hostileKinds(): NamedValue[] {
  return KINDS.map((name) => ({ name, value: MAKERS[name]?.() }));
}

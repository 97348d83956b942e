/** Bodies that are no call, or hardly one. Whatever is drawn repeats with the seed. */
import { encodePlainValue } from "../../../src/records/mod.ts";
import { drawWrite, PUTTING_KINDS, WRITE_KINDS } from "../../../src/testing/conformance/write_samples.ts";
import type { SeededRandom } from "../../../src/testing/mod.ts";

/** A guard that no account meets: what is otherwise a valid commit is fenced, and changes nothing. */
export const NOBODY = { owner: "nobody", minEpoch: 1, maxEpoch: 1 } as const;

/** Fills an account: a valid commit of every kind that puts something. */
export function fillingCall(random: SeededRandom, nowS: number): unknown {
  const writes = [...PUTTING_KINDS, ...PUTTING_KINDS].map((kind) => drawWrite(kind, { random, nowS }));
  return { kind: "commit", writes };
}

/** A commit that nobody may make, of some writes of any kind. */
export function fencedCall(random: SeededRandom, nowS: number): unknown {
  const writes = Array.from({ length: 1 + random.below(4) }, () =>
    drawWrite(random.pick(WRITE_KINDS), { random, nowS }),
  );
  return { kind: "commit", writes, guard: NOBODY };
}

/** The body with some of its bits, bytes or ranges changed. */
export function damaged(body: Uint8Array, random: SeededRandom): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(body);
  const at = (): number => random.below(bytes.length);
  switch (random.below(5)) {
    case 0:
      return bytes.slice(0, at());
    case 1: {
      for (let times = 1 + random.below(3); times > 0; times -= 1) {
        const index = at();
        bytes[index] = (bytes[index] ?? 0) ^ (1 << random.below(8));
      }
      return bytes;
    }
    case 2:
      bytes.set(random.bytes(Math.min(8, bytes.length)), random.below(Math.max(1, bytes.length - 8)));
      return bytes;
    case 3: {
      const from = at();
      return joined(bytes.slice(0, from), random.bytes(1 + random.below(16)), bytes.slice(from));
    }
    default: {
      const from = at();
      return joined(bytes.slice(0, from), bytes.slice(Math.min(bytes.length, from + 1 + random.below(16))));
    }
  }
}

/** Lists in lists in lists, or objects in objects: a well-formed value of any depth, as its bytes. */
export function nested(depth: number, shape: "list" | "object"): Uint8Array<ArrayBuffer> {
  // The innermost first: what is around it is as long as it, and its own head.
  const heads: number[][] = [];
  let length = 0;
  for (let level = 0; level < depth; level += 1) {
    const steps = shape === "list" ? [0x0a, 0x32] : [0x12, 0x0a, 0x3a];
    for (const tag of steps) {
      const head = [tag, ...varint(length)];
      heads.push(head);
      length += head.length;
    }
  }
  return new Uint8Array(heads.reverse().flat());
}

/** A list of as many values as fit into so many bytes, each of which is nothing. */
export function manyValues(length: number): Uint8Array<ArrayBuffer> {
  const items = new Uint8Array(2 * Math.floor((length - 16) / 2)).map((_, index) =>
    index % 2 === 0 ? 0x0a : 0,
  );
  return joined(new Uint8Array([0x32, ...varint(items.length)]), items);
}

/** A call that is well-formed as a value, and none all the same. */
export const NO_CALLS: readonly unknown[] = [
  ...[undefined, true, 0, "commit", 5n, new Uint8Array(3), [], new Map(), {}],
  ...[{ kind: "nothing" }, { kind: undefined }, { kind: "close" }, { kind: "toString" }, { kind: ["read"] }],
  ...[
    { kind: "commit" },
    { kind: "commit", writes: "none" },
    { kind: "commit", writes: {} },
    { kind: "commit", writes: [1] },
  ],
  ...[
    { kind: "commit", writes: [[]] },
    { kind: "commit", writes: [{}] },
    { kind: "commit", writes: [undefined] },
  ],
  ...[
    "nothing",
    "",
    "toString",
    "constructor",
    "__proto__",
    "hasOwnProperty",
    "session.PUT",
    5,
    undefined,
  ].map((kind) => ({
    kind: "commit",
    writes: [{ kind }],
  })),
  ...[
    { kind: "commit", writes: [], guard: 5 },
    { kind: "commit", writes: [], guard: [] },
    { kind: "commit", writes: [], guard: {} },
  ],
  ...[
    { owner: 5, minEpoch: 1, maxEpoch: 1 },
    { owner: "a", minEpoch: Number.NaN, maxEpoch: 1 },
    { owner: "a", minEpoch: -1, maxEpoch: 1 },
    { owner: "a", minEpoch: 2, maxEpoch: 1 },
    { owner: "a", minEpoch: 1, maxEpoch: "1" },
    { owner: "a".repeat(65), minEpoch: 1, maxEpoch: 1 },
    { owner: "a", minEpoch: 1, maxEpoch: 1, next: { owner: "b", epoch: 1 } },
    { owner: "a", minEpoch: 1, maxEpoch: 1, next: { owner: "b" } },
    { owner: "a", minEpoch: 1, maxEpoch: 1, next: "b" },
  ].map((guard) => ({ kind: "commit", writes: [], guard })),
  { kind: "commit", writes: [], gaurd: NOBODY },
  ...[{ kind: "read" }, { kind: "read", method: "exists" }, { kind: "read", method: "exists", args: "" }],
  ...[
    "commit",
    "close",
    "constructor",
    "toString",
    "__proto__",
    "capabilities",
    "putSession",
    "getAllLidMappings",
    "",
  ].map((method) => ({ kind: "read", method, args: [] })),
  { kind: "read", method: "exists", args: [1, 2, 3, 4, 5] },
  { kind: "mappings", args: [] },
];

/** As a body. */
export function bodyOf(call: unknown): Uint8Array<ArrayBuffer> {
  return encodePlainValue(call) as Uint8Array<ArrayBuffer>;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  bytes.push(rest);
  return bytes;
}

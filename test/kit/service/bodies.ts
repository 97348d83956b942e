/** Malformed and unusual bodies. The same seed draws the same bodies. */
import type { OwnerGuard } from "../../../src/backend/mod.ts";
import { PROTOCOL_VERSION } from "../../../src/protocol/mod.ts";
import { drawWrite, PUTTING_KINDS, WRITE_KINDS } from "../../../src/testing/conformance/write_samples.ts";
import type { SeededRandom } from "../../../src/testing/mod.ts";
import { looseBody, looseCommit, text, varint } from "../../support/wire/loose_wire.ts";
import type { Call } from "./calls.ts";

/** A guard that holds for no account, so that a valid commit is fenced and changes nothing. */
export const NOBODY = { owner: "nobody", minEpoch: 1, maxEpoch: 1 } as const;

/** Returns a commit that fills an account with every kind of write that puts rows. */
export function fillingCall(random: SeededRandom, nowS: number): Call {
  const writes = [...PUTTING_KINDS, ...PUTTING_KINDS].map((kind) => drawWrite(kind, { random, nowS }));
  return { kind: "commit", writes };
}

/** Returns a fenced commit of a few writes of any kind. */
export function fencedCall(random: SeededRandom, nowS: number): Call {
  const writes = Array.from({ length: 1 + random.below(4) }, () =>
    drawWrite(random.pick(WRITE_KINDS), { random, nowS }),
  );
  return { kind: "commit", writes, guard: NOBODY };
}

/** Returns the body with some bits, bytes or ranges changed. */
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

/** Returns a write that marks as many one-byte key ids as fit into a length. */
export function manyItems(length: number): Uint8Array<ArrayBuffer> {
  const head = looseBody([1, 0, ...text("preKey.markUploaded"), 1]);
  const count = length - head.length - varint(length).length;
  return joined(head, new Uint8Array(varint(count)), new Uint8Array(count).fill(1));
}

/** Returns a commit without a guard, made of runs of writes: kind, number and bytes. */
function runs(
  ...all: readonly (readonly [kind: string, count: readonly number[], bytes: readonly number[]])[]
) {
  return looseBody([1, 0, ...all.flatMap(([kind, count, bytes]) => [...text(kind), ...count, ...bytes])]);
}

function guarded(guard: OwnerGuard): Uint8Array<ArrayBuffer> {
  return looseCommit({ kind: "preKey.remove", id: 1 }, guard);
}

function readOf(method: string, ...args: readonly number[]): Uint8Array<ArrayBuffer> {
  return looseBody([2, ...text(method), ...args]);
}

const ADDRESS = text("1000@lid.0");
const MALFORMED_TEXT = [2, 0xc3, 0x28];
const NO_VERSION: readonly Uint8Array<ArrayBuffer>[] = [
  new Uint8Array(0),
  new Uint8Array([0x48]),
  new Uint8Array([0x48, 0x46]),
  new Uint8Array([0x48, 0x47, 1, 1, 0]),
  // A call from before calls named a version.
  new Uint8Array([
    0x3a, 0x10, 0x0a, 0x0e, 0x0a, 0x04, 0x6b, 0x69, 0x6e, 0x64, 0x12, 0x06, 0x1a, 0x04, 0x72, 0x65,
  ]),
  new TextEncoder().encode('{"kind":"commit","writes":[]}'),
  ...[[0], varint(PROTOCOL_VERSION + 1), varint(PROTOCOL_VERSION + 2), varint(2 ** 53 - 1)].map((version) =>
    looseBody([2, ...text("exists")], version),
  ),
  // Not in its shortest form.
  looseBody([2, ...text("exists")], [PROTOCOL_VERSION | 0x80, 0]),
];

/** Malformed bodies, and the expected message of each. */
export const NO_CALLS: readonly (readonly [body: Uint8Array<ArrayBuffer>, code: "invalid" | "version"])[] = [
  ...NO_VERSION.map((body) => [body, "version"] as const),
  ...[
    ...[[], [0], [3], [255], [1], [2], [1, 2], [1, 1], [2, 0xff]].map((content) => looseBody(content)),
    ...["nothing", "", "toString", "constructor", "__proto__", "hasOwnProperty", "session.PUT"].map((kind) =>
      runs([kind, [1], [...ADDRESS, 1, 7, 0]]),
    ),
    // No write, more writes than sent, and no write at the end.
    runs(["preKey.remove", [0], []]),
    runs(["preKey.remove", [2], [1]]),
    runs(["preKey.remove", varint(2 ** 50), [1]]),
    runs(["senderKeyDevices.clearAll", [1], [1]]),
    runs(["preKey.remove", [1], [1]], ["preKey.remove", [1], []]),
    // Lengths and numbers beyond the end of the body.
    runs(["session.delete", [1], [...varint(2 ** 40), 1]]),
    runs(["session.put", [1], [...ADDRESS, ...varint(2 ** 53 - 1), 1, 0]]),
    runs(["preKey.markUploaded", [1], [...varint(2 ** 53 - 1), 1]]),
    runs(["preKey.remove", [1], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]]),
    runs(["preKey.remove", [1], [0x81, 0]]),
    runs(["session.delete", [1], MALFORMED_TEXT]),
    runs(["preKey.put", [1], [1, 1, 7, 2]]),
    runs(["session.put", [1], [...ADDRESS, 1, 7, 2]]),
    // The same name twice in a map.
    runs([
      "syncVersion.put",
      [1],
      [
        ...text("regular"),
        ...new Uint8Array(8),
        ...varint(128),
        ...new Uint8Array(128),
        2,
        1,
        97,
        0,
        1,
        97,
        0,
        0,
      ],
    ]),
    ...[
      { owner: "", minEpoch: 1, maxEpoch: 1 },
      { owner: "a", minEpoch: 2, maxEpoch: 1 },
      { owner: "a".repeat(65), minEpoch: 1, maxEpoch: 1 },
      { owner: "a", minEpoch: 1, maxEpoch: 1, next: { owner: "b", epoch: 1 } },
      { owner: "a", minEpoch: 1, maxEpoch: 1, next: { owner: "", epoch: 2 } },
    ].map(guarded),
    ...["commit", "close", "constructor", "toString", "__proto__", "hasOwnProperty", "putSession", ""].map(
      (method) => readOf(method),
    ),
    readOf("exists", 0),
    readOf("getSession"),
    readOf("getSession", ...ADDRESS, 0),
    readOf("getSessions", ...varint(2 ** 40), ...ADDRESS),
    readOf("getSession", ...MALFORMED_TEXT),
    readOf("getAllLidMappings", 0),
  ].map((body) => [body, "invalid"] as const),
];

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/**
 * Compares the schemas and the codec with the protobuf runtime and its generated code. `checkWire` adds the
 * checks that the runtime lacks.
 */

import { create, type DescMessage, fromBinary, ScalarType, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dose } from "../../test/support/dose.ts";
import * as advRuntime from "../../test/support/proto/holdfast/v1/adv_pb.ts";
import * as appStateRuntime from "../../test/support/proto/holdfast/v1/app_state_pb.ts";
import * as deviceListRuntime from "../../test/support/proto/holdfast/v1/device_list_pb.ts";
import * as deviceRuntime from "../../test/support/proto/holdfast/v1/device_pb.ts";
import * as messageSegmentRuntime from "../../test/support/proto/holdfast/v1/message_segment_pb.ts";
import * as pendingMessageRuntime from "../../test/support/proto/holdfast/v1/pending_message_pb.ts";
import * as preKeyRuntime from "../../test/support/proto/holdfast/v1/pre_key_pb.ts";
import * as storageRuntime from "../../test/support/proto/holdfast/v1/signal_storage_pb.ts";
import { checkWire } from "../../test/support/wire/check_wire.ts";
import { CorruptError } from "../errors/mod.ts";
import { decodeMessage, encodeMessage, type Message, type MessageSchema } from "../protobuf/mod.ts";
import { SeededRandom } from "../testing/seeded_random.ts";
import * as adv from "./gen/adv.ts";
import * as appState from "./gen/app_state.ts";
import * as device from "./gen/device.ts";
import * as deviceList from "./gen/device_list.ts";
import * as messageSegment from "./gen/message_segment.ts";
import * as pendingMessage from "./gen/pending_message.ts";
import * as preKey from "./gen/pre_key.ts";
import * as storage from "./gen/signal_storage.ts";

type Schema = MessageSchema<Message>;
type Fields = Record<string, unknown>;

/** Every schema with the runtime's descriptor of the same message. */
const PAIRS: [name: string, schema: Schema, runtime: DescMessage][] = pairs([
  [adv, advRuntime],
  [appState, appStateRuntime],
  [device, deviceRuntime],
  [deviceList, deviceListRuntime],
  [messageSegment, messageSegmentRuntime],
  [pendingMessage, pendingMessageRuntime],
  [preKey, preKeyRuntime],
  [storage, storageRuntime],
]);

function pairs(rooms: readonly (readonly [Fields, Fields])[]): typeof PAIRS {
  return rooms.flatMap(([ours, theirs]) => {
    const names = Object.keys(theirs).filter(
      (name) => name.endsWith("Schema") && "fields" in (theirs[name] as Fields),
    );
    return names.map((name): (typeof PAIRS)[number] => [
      name,
      ours[name] as Schema,
      theirs[name] as DescMessage,
    ]);
  });
}

/** Random values of each kind, including limits of the encoding. */
const SCALARS: Readonly<Record<string, (random: SeededRandom) => unknown>> = {
  bool: (random) => random.oneIn(2),
  bytes: (random) => random.bytes(random.oneIn(4) ? 200 : random.below(9)),
  double: (random) => random.pick([0, -0, 0.1, Number.MAX_VALUE, Number.NaN, Number.NEGATIVE_INFINITY]),
  enum: (random) => random.below(2),
  fixed64: (random) => random.pick([0n, 1n, 2n ** 64n - 1n, 0x0123_4567_89ab_cdefn]),
  int32: (random) => random.pick([0, 127, 128, -1, -128, 2 ** 31 - 1, -(2 ** 31)]),
  int64: (random) => random.pick([0n, 127n, 128n, -1n, 2n ** 35n, 2n ** 63n - 1n, -(2n ** 63n)]),
  // Without a byte order mark, which the runtime removes.
  string: (random) => random.pick(["", "a", "é😀", "x".repeat(130), "\0"]),
  uint32: (random) => random.pick([0, 127, 128, 16_383, 16_384, 2 ** 31, 0xffff_ffff]),
  uint64: (random) => random.pick([0n, 127n, 128n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n]),
};

/** Enumeration fields: the runtime keeps unknown values of them among the unknown fields. */
const ENUMERATIONS = ["accountType"];

/** Fields unknown to every schema. */
const UNKNOWN = [
  undefined,
  Uint8Array.of(0xc8, 0x7d, 5),
  Uint8Array.of(0xc2, 0x7d, 2, 1, 2, 0xc9, 0x7d, 1, 2, 3, 4, 5, 6, 7, 8),
];

/** A random message of a schema; each field is present or absent independently. */
function messageOf(random: SeededRandom, schema: Schema, depth = 0): Fields {
  const message: Fields = {};
  for (const { name, kind, repeated } of schema.fields) {
    const isInner = typeof kind === "function";
    const value = () =>
      isInner
        ? messageOf(random, kind() as Schema, depth + 1)
        : SCALARS[ENUMERATIONS.includes(name) ? "enum" : kind]?.(random);
    const count = isInner && depth === 4 ? 0 : random.below(repeated ? 4 : 2);
    if (repeated) message[name] = Array.from({ length: count }, value);
    else if (count === 1) message[name] = value();
  }
  const unknown = random.pick(UNKNOWN);
  if (unknown !== undefined) message.unknownFields = unknown;
  return message;
}

/** Converts a message of the runtime to a plain object. */
function plainOf(schema: Schema, message: Fields): Fields {
  const plain: Fields = {};
  for (const { name, kind, repeated } of schema.fields) {
    const inner = (value: unknown) =>
      typeof kind === "function" ? plainOf(kind() as Schema, value as Fields) : value;
    if (repeated) plain[name] = (message[name] as unknown[]).map(inner);
    else if (Object.hasOwn(message, name) && message[name] !== undefined) plain[name] = inner(message[name]);
  }
  const unknown = (message.$unknown ?? []) as { no: number; wireType: number; data: Uint8Array }[];
  if (unknown.length > 0)
    plain.unknownFields = Uint8Array.from(
      unknown.flatMap(({ no, wireType, data }) => [...tag(no, wireType), ...data]),
    );
  return plain;
}

function tag(number: number, wireType: number): number[] {
  const bytes: number[] = [];
  let rest = number * 8 + wireType;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}

/** The runtime's decoded message; `undefined` when `checkWire` or the runtime rejects the bytes. */
function readByRuntime(schema: Schema, desc: DescMessage, bytes: Uint8Array): Fields | undefined {
  if (checkWire(desc, bytes) !== undefined) return undefined;
  return plainOf(schema, fromBinary(desc, bytes) as unknown as Fields);
}

function readHere(schema: Schema, bytes: Uint8Array): Fields | CorruptError {
  try {
    return decodeMessage(schema, bytes, "decode") as Fields;
  } catch (error) {
    if (error instanceof CorruptError) return error;
    throw error;
  }
}

describe("message schemas", () => {
  test("cover exactly the messages of proto/", () => {
    expect(PAIRS.length).toBeGreaterThan(20);
    for (const [name, schema] of PAIRS) expect(schema, name).toBeDefined();
    const ours = [adv, appState, device, deviceList, messageSegment, pendingMessage, preKey, storage].flatMap(
      (room) => Object.keys(room),
    );
    expect(ours.filter((name) => name.endsWith("Schema")).sort()).toEqual(PAIRS.map(([name]) => name).sort());
  });
});

describe.each(PAIRS)("%s", (_, schema, desc) => {
  test("has the fields of the message", () => {
    const kindOf = (field: DescMessage["fields"][number]) => {
      if (field.message !== undefined) return "message";
      return field.scalar === undefined ? "int32" : ScalarType[field.scalar].toLowerCase();
    };
    const theirs = desc.fields.map((field) => [
      field.number,
      field.localName,
      kindOf(field),
      field.fieldKind === "list",
    ]);
    const ours = schema.fields.map(({ number, name, kind, repeated }) => [
      number,
      name,
      typeof kind === "function" ? "message" : kind,
      repeated === true,
    ]);
    expect(ours).toEqual(theirs.sort(([a], [b]) => Number(a) - Number(b)));
  });

  test("agrees with the runtime byte for byte, in both directions", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const message = messageOf(new SeededRandom(seed), schema);
        const bytes = encodeMessage(schema, message as Message, "encode");
        expect(readHere(schema, bytes)).toEqual(message);
        const theirs = fromBinary(desc, bytes);
        expect(plainOf(schema, theirs as unknown as Fields)).toEqual(message);
        expect(Buffer.compare(toBinary(desc, theirs), bytes)).toBe(0);
      }),
      { numRuns: dose({ short: 15, long: 60 }) },
    );
  });

  test("agrees with the runtime on damaged bytes", () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 }), fc.boolean()), {
      minLength: 20,
      maxLength: 20,
    });
    fc.assert(
      fc.property(fc.integer(), damage, (seed, changes) => {
        const message = messageOf(new SeededRandom(seed), schema);
        const bytes = encodeMessage(schema, message as Message, "encode");
        for (const [at, value, isCut] of changes) {
          const place = at % (bytes.length + 1);
          const damaged = isCut
            ? bytes.slice(0, place)
            : bytes.map((byte, i) => (i === place ? byte ^ value : byte));
          expectAgreement(damaged);
        }
      }),
      { numRuns: dose({ short: 6, long: 30 }) },
    );
  });

  test("agrees with the runtime on arbitrary bytes", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), expectAgreement), {
      numRuns: dose({ short: 100, long: 300 }),
    });
  });

  function expectAgreement(bytes: Uint8Array): void {
    const ours = readHere(schema, bytes);
    const theirs = readByRuntime(schema, desc, bytes);
    if (!(ours instanceof CorruptError)) {
      // Encodes again: only our codec keeps longer forms of unknown fields' tags.
      const again = fromBinary(desc, encodeMessage(schema, ours as Message, "encode"));
      expect(plainOf(schema, again as unknown as Fields)).toEqual(theirs);
      return;
    }
    // The runtime truncates numbers and field numbers that are too large.
    if (theirs !== undefined) expect(ours.message).toMatch(/out of range|illegal field number/);
  }
});

describe("decodeMessage against the runtime", () => {
  test("omits a field that is absent in the runtime's message", () => {
    const desc = storageRuntime.RecordStructureSchema;
    const bytes = toBinary(desc, create(desc, { currentSession: { rootKey: new Uint8Array(0) } }));
    expect(decodeMessage(storage.RecordStructureSchema, bytes, "decode")).toEqual({
      currentSession: { rootKey: new Uint8Array(0), receiverChains: [] },
      previousSessions: [],
      moreSessions: [],
    });
  });
});

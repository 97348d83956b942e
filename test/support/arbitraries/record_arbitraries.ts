/** Generators of stored session and sender key records, with unknown fields at every level. */
import {
  create,
  type DescMessage,
  type MessageInitShape,
  toBinary,
  type UnknownField,
} from "@bufbuild/protobuf";
import fc from "fast-check";
import {
  RecordStructureSchema,
  SenderKeyRecordStructureSchema,
} from "../proto/holdfast/v1/signal_storage_pb.ts";

const uint32 = fc.oneof(
  fc.integer({ min: 0, max: 300 }),
  fc.constantFrom(0, 0x7f, 0x80, 0x3fff, 0x4000, 0x1f_ffff, 0x20_0000, 0xfff_ffff, 0x1000_0000, 0xffff_ffff),
  fc.integer({ min: 0, max: 0xffff_ffff }),
);
const int32 = fc.oneof(
  fc.constantFrom(-1, -128, -(2 ** 31), 2 ** 31 - 1, 0),
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
);

export function bytesOf(length: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: length, maxLength: length });
}

export function publicKey(): fc.Arbitrary<Uint8Array> {
  return bytesOf(32).map((key) => Uint8Array.of(5, ...key));
}

/** An unknown field of any wire type. */
function unknownField(): fc.Arbitrary<UnknownField> {
  const no = fc.oneof(
    fc.integer({ min: 200, max: 300 }),
    fc.integer({ min: 2_000, max: 18_000 }),
    fc.constantFrom(0x1fff_ffff, 15_000_000),
  );
  const content = fc.oneof(
    fc.record({
      wireType: fc.constant(0 as const),
      // Includes encodings that are not the shortest, since unknown fields must be kept unchanged.
      data: fc.constantFrom(
        Uint8Array.of(0),
        Uint8Array.of(0x80, 0),
        Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1),
      ),
    }),
    fc.record({ wireType: fc.constant(1 as const), data: bytesOf(8) }),
    fc.record({
      wireType: fc.constant(2 as const),
      data: fc.uint8Array({ maxLength: 90 }).map((bytes) => Uint8Array.of(bytes.length, ...bytes)),
    }),
    fc.record({ wireType: fc.constant(5 as const), data: bytesOf(4) }),
  );
  return fc.tuple(no, content).map(([number, field]) => ({ no: number, ...field }));
}

/** Most messages have no unknown field. */
function unknownFields(): fc.Arbitrary<UnknownField[]> {
  return fc.oneof(
    { weight: 2, arbitrary: fc.constant<UnknownField[]>([]) },
    fc.array(unknownField(), { maxLength: 3 }),
  );
}

/** A message whose parts are independently present or absent, with unknown fields. */
function message<T extends Record<string, unknown>>(
  parts: { [Name in keyof T]: fc.Arbitrary<T[Name]> },
  requiredKeys: (keyof T)[] = [],
): fc.Arbitrary<Partial<T> & { $unknown?: UnknownField[] }> {
  return fc
    .tuple(fc.record(parts, { requiredKeys: requiredKeys as never, noNullPrototype: true }), unknownFields())
    .map(([init, unknown]) => ({ ...(init as Partial<T>), $unknown: unknown }));
}

function messageKey(): fc.Arbitrary<object> {
  return message(
    { index: uint32, cipherKey: bytesOf(32), macKey: bytesOf(32), iv: bytesOf(16), seed: bytesOf(32) },
    ["index"],
  );
}

function chain(kind: "sending" | "receiving"): fc.Arbitrary<object> {
  const parts = {
    senderRatchetKey: publicKey(),
    senderRatchetKeyPrivate: bytesOf(32),
    chainKey: message({
      index: uint32,
      key: kind === "sending" ? bytesOf(32) : fc.oneof(bytesOf(32), bytesOf(0)),
      closed: fc.boolean(),
    }),
    messageKeys: fc.array(messageKey(), { maxLength: 4 }),
    nodeRatchet: message({ lastRemoteEphemeralKey: publicKey(), previousCounterUnset: fc.boolean() }),
  };
  return message(
    parts,
    kind === "sending" ? ["senderRatchetKey", "senderRatchetKeyPrivate"] : ["senderRatchetKey"],
  ) as fc.Arbitrary<object>;
}

/** A session with all required fields and any selection of optional ones. */
function session(): fc.Arbitrary<object> {
  return message(
    {
      sessionVersion: uint32,
      localIdentityPublic: publicKey(),
      remoteIdentityPublic: publicKey(),
      rootKey: bytesOf(32),
      previousCounter: uint32,
      senderChain: chain("sending"),
      receiverChains: fc.array(chain("receiving"), { maxLength: 5 }),
      pendingKeyExchange: message({ sequence: uint32, localBaseKey: publicKey() }),
      pendingPreKey: message({ preKeyId: uint32, signedPreKeyId: int32, baseKey: publicKey() }),
      remoteRegistrationId: uint32,
      localRegistrationId: uint32,
      needsRefresh: fc.boolean(),
      aliceBaseKey: publicKey(),
      node: message({ position: uint32, closed: fc.bigInt({ min: -1n, max: 2n ** 53n }) }),
    },
    ["rootKey", "remoteIdentityPublic"],
  ) as fc.Arbitrary<object>;
}

/** A stored session record, as the protobuf runtime encodes it. */
export function sessionRecordBytes(maxArchived = 4): fc.Arbitrary<Uint8Array> {
  return message({
    currentSession: session(),
    previousSessions: fc.array(session(), { maxLength: maxArchived }),
    counterReservation: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    incarnation: bytesOf(16),
    moreSessions: fc.array(session(), { maxLength: 1 }),
  }).map((init) => encode(RecordStructureSchema, init));
}

/** A stored sender key record, as the protobuf runtime encodes it. */
export function senderKeyRecordBytes(): fc.Arbitrary<Uint8Array> {
  const seeded = message({ iteration: uint32, seed: bytesOf(32) }, ["seed"]);
  const signing = message(
    { public: fc.oneof(publicKey(), bytesOf(32)), private: fc.oneof(bytesOf(32), bytesOf(0)) },
    ["public"],
  );
  const state = message(
    {
      senderKeyId: uint32,
      senderChainKey: seeded,
      senderSigningKey: signing,
      senderMessageKeys: fc.array(seeded, { maxLength: 4 }),
    },
    ["senderChainKey", "senderSigningKey"],
  );
  return message({
    senderKeyStates: fc.array(state, { maxLength: 5 }),
    counterReservation: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  }).map((init) => encode(SenderKeyRecordStructureSchema, init));
}

/** The runtime only accepts unknown fields in messages that it created. */
function encode<Desc extends DescMessage>(schema: Desc, init: object): Uint8Array {
  const made = create(schema, init as MessageInitShape<Desc>);
  attachUnknown(made as unknown as Node, init as Node);
  return toBinary(schema, made);
}

type Node = { $unknown?: UnknownField[]; [part: string]: unknown };

function attachUnknown(made: Node, init: Node): void {
  if (init.$unknown !== undefined) made.$unknown = init.$unknown;
  for (const [name, part] of Object.entries(init)) {
    if (name.startsWith("$") || typeof part !== "object" || part instanceof Uint8Array) continue;
    if (Array.isArray(part)) {
      for (const [i, item] of part.entries()) attachUnknown((made[name] as Node[])[i] as Node, item as Node);
    } else attachUnknown(made[name] as Node, part as Node);
  }
}

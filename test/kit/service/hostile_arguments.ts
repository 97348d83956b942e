/** Valid calls with one part replaced by something else. */
import type { ReadMethod } from "../../../src/protocol/mod.ts";
import { sampleBytes } from "../../../src/testing/conformance/samples.ts";
import { drawWrite, WRITE_KINDS } from "../../../src/testing/conformance/write_samples.ts";
import type { SeededRandom } from "../../../src/testing/mod.ts";
import { NOBODY } from "./bodies.ts";

/** A call, and whether it cannot be taken for a valid one. */
export interface HostileCall {
  readonly what: string;
  readonly call: unknown;
  readonly isInvalid: boolean;
}

type Kind = "nothing" | "boolean" | "number" | "integer" | "text" | "bytes" | "list" | "map" | "object";

/** What stands in the place of a part. Numbers here are none that any part may be, save 0. */
const REPLACEMENTS: readonly unknown[] = [
  ...[undefined, true, 0, Number.NaN, -1, 0.5, Number.POSITIVE_INFINITY, -0.5, 2 ** 60],
  ...[0n, -1n, 2n ** 65n, "", "text", "x".repeat(1_025), "a\0b"],
  ...[new Uint8Array(0), sampleBytes(1, 5), [], [undefined], [0.5], ["a\0b"], [[]], [new Map()]],
  ...[new Map<string, unknown>(), new Map([["size", 1]]), {}, { length: 1, 0: "a", size: 0 }],
];

/** Numbers that no part of a write may be. */
const NEVER: readonly unknown[] = [Number.NaN, -1, 0.5, Number.POSITIVE_INFINITY, -0.5, 2 ** 60];

/** Every kind of write, with each of its parts replaced by each replacement, under a guard that nobody meets. */
export function* hostileWrites(random: SeededRandom, nowS: number): Generator<HostileCall> {
  for (const kind of WRITE_KINDS) {
    const write = drawWrite(kind, { random, nowS }) as unknown as Record<string, unknown>;
    for (const path of pathsIn(write)) {
      if (path[0] === "kind") continue;
      const before = partAt(write, path);
      for (const replacement of REPLACEMENTS) {
        const hostile = replaced(write, path, replacement);
        const isNever = NEVER.includes(replacement) || replacement === "a\0b" || replacement === -1n;
        // What may be left out may also be nothing.
        const isOther =
          kindOf(replacement) !== kindOf(before) && replacement !== undefined && before !== undefined;
        yield {
          what: `${kind}, ${path.join(".")} = ${nameOf(replacement)}`,
          call: { kind: "commit", writes: [hostile], guard: NOBODY },
          isInvalid: isOther || (isNever && kindOf(before) === kindOf(replacement)),
        };
      }
    }
  }
}

/** What the arguments of each read are. */
const READS: Readonly<Record<ReadMethod, readonly Kind[]>> = {
  ...{ create: [], exists: [], getAllTcTokenJids: [], getLatestSyncKeyId: [], getMaxPreKeyId: [] },
  ...{ listAccounts: [], listQuarantined: [], load: [], loadAllSignedPreKeys: [], readOwner: [] },
  ...{ getDevices: ["text"], getGroupMetadata: ["text"], getLidMapping: ["text"], getPnMapping: ["text"] },
  ...{ getSenderKey: ["text"], getSenderKeyDevices: ["text"], getSession: ["text"], getTcToken: ["text"] },
  ...{ getVersion: ["text"], hasSession: ["text"], hasSignalStateForUser: ["text"], loadIdentity: ["text"] },
  ...{ loadSenderKeyRow: ["text"], loadSessionRow: ["text"], snapshotDb: ["text"] },
  ...{ getDevicesFor: ["list"], getLidMappings: ["list"], getPnMappings: ["list"], getSessions: ["list"] },
  ...{ listSignalAddresses: ["list"], loadIdentities: ["list"], loadSenderKeyRows: ["list"] },
  ...{ loadSessionRows: ["list"], loadPreKeys: ["list"] },
  ...{ getMsgSecret: ["text", "text", "text"], getPendingInbound: ["text", "text", "text"] },
  ...{
    getMutationMac: ["text", "bytes"],
    getMutationMacs: ["text", "list"],
    getSentMessage: ["text", "text"],
  },
  ...{ getSyncKey: ["bytes"], hasSameBaseKey: ["text", "text", "bytes"] },
  ...{ listPendingInbound: ["number"], loadPreKey: ["number"], loadSignedPreKey: ["number"] },
};

const VALID: Readonly<Partial<Record<Kind, unknown>>> = {
  text: "text",
  bytes: sampleBytes(2, 5),
  list: [],
  number: 1,
};

/** Every read, with each of its arguments replaced by each replacement, left out, and followed by too many. */
export function* hostileReads(): Generator<HostileCall> {
  for (const [method, kinds] of Object.entries(READS)) {
    const valid = kinds.map((kind) => VALID[kind]);
    const read = (args: readonly unknown[]): unknown => ({ kind: "read", method, args });
    if (valid.length > 0) yield { what: `${method}, no arguments`, call: read([]), isInvalid: true };
    const many = method === "snapshotDb" ? [...valid, undefined, undefined] : [...valid, undefined];
    yield { what: `${method}, too many arguments`, call: read(many), isInvalid: true };
    for (const [index, kind] of kinds.entries()) {
      for (const replacement of REPLACEMENTS) {
        const isNever = ["", "a\0b"].includes(replacement as string) || isUnreadable(replacement);
        yield {
          what: `${method}, argument ${index} = ${nameOf(replacement)}`,
          call: read(valid.with(index, replacement)),
          isInvalid: kindOf(replacement) !== kind || isNever,
        };
      }
    }
  }
}

function isUnreadable(value: unknown): boolean {
  if (typeof value === "number") return !Number.isFinite(value);
  return (
    Array.isArray(value) && value.some((item) => item === undefined || item === "a\0b" || item instanceof Map)
  );
}

function kindOf(value: unknown): Kind {
  if (value === undefined) return "nothing";
  if (value instanceof Uint8Array) return "bytes";
  if (value instanceof Map) return "map";
  if (Array.isArray(value)) return "list";
  const type = typeof value;
  if (type === "string") return "text";
  if (type === "bigint") return "integer";
  return type as "boolean" | "number" | "object";
}

/** The ways to every part of a value, by names and indexes. */
function pathsIn(value: unknown): (string | number)[][] {
  if (kindOf(value) !== "object" && kindOf(value) !== "list") return [];
  const parts: (readonly [string | number, unknown])[] = Array.isArray(value)
    ? value.map((part, index) => [index, part])
    : Object.entries(value as object);
  return parts.flatMap(([name, part]) => [[name], ...pathsIn(part).map((path) => [name, ...path])]);
}

function partAt(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce((part: unknown, name) => (part as Record<string | number, unknown>)[name], value);
}

/** A copy in which one part is another. */
function replaced(
  value: unknown,
  [name, ...rest]: readonly (string | number)[],
  replacement: unknown,
): unknown {
  if (name === undefined) return replacement;
  const part = replaced((value as Record<string | number, unknown>)[name], rest, replacement);
  if (Array.isArray(value)) return value.with(name as number, part);
  return { ...(value as object), [name]: part };
}

function nameOf(value: unknown): string {
  if (typeof value === "string" && value.length > 20) return `a text of ${value.length}`;
  if (value instanceof Map) return `a map of ${value.size}`;
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  return typeof value === "bigint" ? `${value}n` : (JSON.stringify(value) ?? String(value));
}

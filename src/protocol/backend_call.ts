import type { CommitOptions, OwnerGuard, Write } from "../backend/mod.ts";
import { CorruptError } from "../errors/mod.ts";
import { decodePlainValue, encodePlainValue } from "../records/mod.ts";
import { requireFewParts } from "./part_count.ts";
import { READ_METHODS, type ReadMethod } from "./read_arguments.ts";

/** What is asked of a backend that is elsewhere. */
export type BackendCall =
  | { readonly kind: "commit"; readonly writes: readonly Write[]; readonly guard: OwnerGuard | undefined }
  | { readonly kind: "read"; readonly method: ReadMethod; readonly args: readonly unknown[] }
  | { readonly kind: "mappings" }
  | { readonly kind: "capabilities" };

/** Most writes of one commit. The engine's greatest has as many as entries may be dirty. */
const MAX_WRITES = 100_000;

/** Most arguments of a read. */
const MAX_ARGUMENTS = 4;

/** Encodes a commit. @throws {TypeError} When a write holds something that is no plain data. */
export function encodeCommit(writes: readonly Write[], options: CommitOptions | undefined): Uint8Array {
  return encodePlainValue({ kind: "commit", writes, guard: options?.guard });
}

/** Encodes a read. */
export function encodeRead(method: ReadMethod, args: readonly unknown[]): Uint8Array {
  return encodePlainValue({ kind: "read", method, args });
}

/** Encodes the question for all mappings, or for the capabilities. */
export function encodeQuestion(kind: "mappings" | "capabilities"): Uint8Array {
  return encodePlainValue({ kind });
}

/**
 * Decodes a call. Its arguments and writes are plain data of any shape: whoever carries it out checks them.
 *
 * A call with a member that is not known here is refused: what it would have meant, a condition perhaps, would be lost.
 *
 * @throws {CorruptError} When the bytes are no call, or more of one than any needs.
 */
export function decodeCall(bytes: Uint8Array): BackendCall {
  requireFewParts(bytes);
  const value = decodePlainValue(bytes);
  if (!isObject(value)) throw new CorruptError("decode call: not an object");
  switch (value.kind) {
    case "mappings":
    case "capabilities":
      requireMembers(value, []);
      return { kind: value.kind };
    case "commit":
      return commitOf(value);
    case "read":
      return readOf(value);
    default:
      throw new CorruptError("decode call: unknown kind");
  }
}

function commitOf(value: Members): BackendCall {
  requireMembers(value, ["writes", "guard"]);
  // A guard that is there without being one is damage, not the wish to have none.
  const guard = Object.hasOwn(value, "guard") ? requireObject(value.guard) : undefined;
  const writes = requireObjects(value.writes, MAX_WRITES);
  return { kind: "commit", writes: writes as unknown as Write[], guard: guard as OwnerGuard | undefined };
}

function readOf(value: Members): BackendCall {
  requireMembers(value, ["method", "args"]);
  const { method, args } = value;
  if (!READ_METHODS.some((name) => name === method)) throw new CorruptError("decode call: unknown method");
  if (!Array.isArray(args) || args.length > MAX_ARGUMENTS)
    throw new CorruptError("decode call: no arguments");
  return { kind: "read", method: method as ReadMethod, args };
}

function requireMembers(value: Members, names: readonly string[]): void {
  const isKnown = Object.keys(value).every((name) => name === "kind" || names.includes(name));
  if (!isKnown) throw new CorruptError("decode call: unknown member");
}

type Members = { readonly [name: string]: unknown };

function isObject(value: unknown): value is Members {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return !(value instanceof Uint8Array) && !(value instanceof Map);
}

function requireObject(value: unknown): Members {
  if (!isObject(value)) throw new CorruptError("decode call: a part is no object");
  return value;
}

function requireObjects(value: unknown, max: number): Members[] {
  if (!Array.isArray(value) || value.length > max) throw new CorruptError("decode call: no list of writes");
  return value.map(requireObject);
}

/** Valid calls with one part replaced. */
import { READ_METHODS, READS, type ReadMethod, WRITES, type Write } from "../../../src/backend/mod.ts";
import { checkOf, object, passes, type Rule } from "../../../src/rules/mod.ts";
import { draw } from "../../../src/testing/conformance/draw.ts";
import { sampleBytes } from "../../../src/testing/conformance/samples.ts";
import { drawWrite, WRITE_KINDS } from "../../../src/testing/conformance/write_samples.ts";
import type { SeededRandom } from "../../../src/testing/mod.ts";
import { looseCommit, looseRead, type Path, text, varint } from "../../support/wire/loose_wire.ts";
import { NOBODY } from "./bodies.ts";

/** A body, and whether it is certainly invalid. */
export interface HostileCall {
  readonly what: string;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly isInvalid: boolean;
}

/** Values of the type of a part, at and beyond its limits. */
const SAME_TYPE: Readonly<Partial<Record<Rule["type"], readonly unknown[]>>> = {
  text: ["", "text", "x".repeat(1_025), "a\0b", "🙂", "\ufeff", "__proto__"],
  choice: ["", "text", "__proto__"],
  integer: [0, 1, 2 ** 31, 2 ** 32, 2 ** 40, Number.MAX_SAFE_INTEGER],
  uint64: [0n, 2n ** 63n, 2n ** 64n - 1n],
  bytes: [new Uint8Array(0), sampleBytes(1, 5), sampleBytes(1, 33)],
  list: [[]],
  map: [new Map()],
};

/** Bytes that replace a part: other types, and none. The rest is then read from another offset. */
const RAW: readonly (readonly number[])[] = [
  [],
  [0],
  [1],
  [2],
  [0xff],
  varint(Number.MAX_SAFE_INTEGER),
  // More than 53 bits, and a number that is not in its shortest form.
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
  [0x81, 0x00],
  text("text"),
  [2, 0xc3, 0x28],
  [...varint(2 ** 40), 1],
  [...varint(3), 1, 2],
];

/** Every kind of write with each of its parts replaced, under a guard that never holds. */
export function* hostileWrites(random: SeededRandom, nowS: number): Generator<HostileCall> {
  for (const kind of WRITE_KINDS) {
    const rule = object(WRITES[kind].fields as never) as Rule;
    const write = fullest(() => drawWrite(kind, { random, nowS }));
    for (const { path, part } of partsOf(rule, write, [])) {
      for (const value of SAME_TYPE[part.type] ?? []) {
        const hostile = replaced(write, path, value) as Write;
        yield {
          what: `${kind}, ${path.join(".")} = ${nameOf(value)}`,
          body: looseCommit(hostile, NOBODY),
          isInvalid: !passes(checkOf(rule, "write"), hostile),
        };
      }
      for (const raw of RAW) {
        const what = `${kind}, ${path.join(".")} as bytes ${raw.join(" ")}`;
        yield { what, body: looseCommit(write, NOBODY, { path, raw }), isInvalid: false };
      }
    }
  }
}

/** Every read with each of its arguments replaced, omitted, and followed by extra bytes. */
export function* hostileReads(random: SeededRandom, nowS: number): Generator<HostileCall> {
  for (const method of READ_METHODS.filter((name) => name !== "getAllLidMappings")) {
    const rules = (READS[method].args as readonly { readonly rule: Rule }[]).map(({ rule }) => rule);
    const args = rules.map((rule) => draw(rule, { random, nowS }));
    const whole = looseRead(method, args);
    if (rules.length > 0) yield { what: `${method}, cut off`, body: whole.slice(0, -1), isInvalid: true };
    yield { what: `${method}, and a byte`, body: new Uint8Array([...whole, 0]), isInvalid: true };
    for (const [index, rule] of rules.entries()) yield* hostileArguments(method, args, rule, index);
  }
}

function* hostileArguments(
  method: ReadMethod,
  args: readonly unknown[],
  ...[rule, index]: [rule: Rule, index: number]
): Generator<HostileCall> {
  for (const value of SAME_TYPE[rule.type] ?? []) {
    yield {
      what: `${method}, argument ${index} = ${nameOf(value)}`,
      body: looseRead(method, args.with(index, value)),
      isInvalid: !passes(checkOf(rule, "argument"), value),
    };
  }
  for (const raw of RAW) {
    const what = `${method}, argument ${index} as bytes ${raw.join(" ")}`;
    yield { what, body: looseRead(method, args, { path: [index], raw }), isInvalid: false };
  }
}

/** Returns the longest of several draws, so that lists have items and optional values are present. */
function fullest<T>(drawn: () => T): T {
  const draws = Array.from({ length: 12 }, drawn);
  const sizes = draws.map((value) => partCount(value));
  return draws[sizes.indexOf(Math.max(...sizes))] as T;
}

function partCount(value: unknown): number {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array)
    return value === undefined ? 0 : 1;
  const parts: Iterable<unknown> = value instanceof Map ? value.values() : Object.values(value);
  let count = 1;
  for (const part of parts) count += partCount(part);
  return count;
}

interface Part {
  readonly path: Path;
  readonly part: Rule;
}

/** Every present part of a value, with its rule. */
function partsOf(rule: Rule, value: unknown, path: Path): Part[] {
  if (rule.type === "optional") return value === undefined ? [] : partsOf(rule.rule, value, path);
  const here: Part[] = path.length === 0 ? [] : [{ path, part: rule }];
  return [...here, ...innerParts(rule, value, path)];
}

function innerParts(rule: Rule, value: unknown, path: Path): Part[] {
  switch (rule.type) {
    case "list":
      return (value as readonly unknown[]).flatMap((item, index) =>
        partsOf(rule.item, item, [...path, index]),
      );
    case "tuple":
      return rule.parts.flatMap((part, index) =>
        partsOf(part, (value as readonly unknown[])[index], [...path, index]),
      );
    case "object":
      return Object.entries(rule.members).flatMap(([name, member]) =>
        partsOf(member, (value as Record<string, unknown>)[name], [...path, name]),
      );
    default:
      return [];
  }
}

/** A copy with one part replaced. */
function replaced(value: unknown, [name, ...rest]: Path, replacement: unknown): unknown {
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

/**
 * An encoder of the commit protocol, independent of the product's. It can replace one part by other bytes.
 */
import {
  OWNER_GUARD,
  type OwnerGuard,
  READS,
  type ReadMethod,
  WRITES,
  type Write,
} from "../../../src/backend/mod.ts";
import { PROTOCOL_VERSION } from "../../../src/protocol/mod.ts";
import { object, optional, type Rule } from "../../../src/rules/mod.ts";

/** Names and indexes that lead to a part. */
export type Path = readonly (string | number)[];

/** A part, and the bytes that replace it. */
export interface Lie {
  readonly path: Path;
  readonly raw: readonly number[];
}

/** A commit of one write. The path of a lie begins with a field of the write. */
export function looseCommit(write: Write, guard: OwnerGuard, lie?: Lie): Uint8Array<ArrayBuffer> {
  const { kind, ...fields } = write;
  return looseBody([
    1,
    ...encoded(optional(OWNER_GUARD), guard, []),
    ...text(kind),
    ...varint(1),
    ...encoded(object(WRITES[kind].fields as never), fields, [], lie),
  ]);
}

/** A read. The path of a lie begins with the index of an argument. */
export function looseRead(method: ReadMethod, args: readonly unknown[], lie?: Lie): Uint8Array<ArrayBuffer> {
  const rules = (READS[method].args as readonly { readonly rule: Rule }[]).map(({ rule }) => rule);
  return looseBody([
    2,
    ...text(method),
    ...rules.flatMap((rule, index) => encoded(rule, args[index], [index], lie)),
  ]);
}

/** A body: the magic, the version and the given bytes. */
export function looseBody(
  content: Iterable<number>,
  version: readonly number[] = varint(PROTOCOL_VERSION),
): Uint8Array<ArrayBuffer> {
  return new Uint8Array([0x48, 0x46, ...version, ...content]);
}

/** An unsigned integer, 7 bits per byte, the lowest first. */
export function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return [...bytes, rest];
}

/** A text after its length. */
export function text(value: string): number[] {
  const bytes = new TextEncoder().encode(value);
  return [...varint(bytes.length), ...bytes];
}

function encoded(rule: Rule, value: unknown, path: Path, lie?: Lie): number[] {
  if (
    lie !== undefined &&
    lie.path.length === path.length &&
    lie.path.every((step, index) => step === path[index])
  ) {
    return [...lie.raw];
  }
  const inner = (part: Rule, of: unknown, step: string | number): number[] =>
    encoded(part, of, [...path, step], lie);
  switch (rule.type) {
    case "text":
    case "choice":
      return text(value as string);
    case "integer":
      return rule.min < 0
        ? [(value as number) < 0 ? 1 : 0, ...varint(Math.abs(value as number))]
        : varint(value as number);
    case "uint64":
      return [56n, 48n, 40n, 32n, 24n, 16n, 8n, 0n].map((shift) =>
        Number(((value as bigint) >> shift) & 0xffn),
      );
    case "flag":
      return [value === true ? 1 : 0];
    case "bytes":
      return [...varint((value as Uint8Array).length), ...(value as Uint8Array)];
    case "optional":
      return value === undefined ? [0] : [1, ...encoded(rule.rule, value, path, lie)];
    case "list": {
      const items = value as readonly unknown[];
      return [...varint(items.length), ...items.flatMap((item, index) => inner(rule.item, item, index))];
    }
    case "tuple":
      return rule.parts.flatMap((part, index) => inner(part, (value as readonly unknown[])[index], index));
    case "map": {
      const entries = [...(value as ReadonlyMap<string, unknown>)];
      return [
        ...varint(entries.length),
        ...entries.flatMap(([name, entry]) => [...text(name), ...inner(rule.value, entry, name)]),
      ];
    }
    case "object": {
      const members = Object.entries(rule.members);
      if (members.length === 0) return [0];
      return members.flatMap(([name, member]) =>
        inner(member, (value as Record<string, unknown>)[name], name),
      );
    }
    case "variant": {
      const { kind } = value as { readonly kind: string };
      return [...text(kind), ...encoded(rule.of[kind] as Rule, value, path, lie)];
    }
  }
}

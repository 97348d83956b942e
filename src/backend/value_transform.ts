import { object, type Rule } from "../rules/mod.ts";
import type { ReadMethod } from "./backend.ts";
import { READS } from "./reads.ts";
import { TABLE_KEYS, type TableName, tableOf } from "./table_keys.ts";
import type { Write } from "./write.ts";
import { WRITES } from "./writes.ts";

/** The place of a stored value. It is the same for every write and read of the value. */
export interface ValuePlace {
  readonly table: TableName;
  /** The fields that name the row. */
  readonly key: readonly unknown[];
  /** Name of the value in its row, such as `record`. Names are stable. */
  readonly name: string;
  /** Name of an entry, if the value is in a map. */
  readonly entry: string | undefined;
}

/**
 * Changes stored values on their way to a store and back, for example by encryption. It runs below the checks
 * of `createBackend`, which therefore check the lengths of the caller's values.
 *
 * It receives every stored byte array except empty ones, those that identify rows (ids of sync keys, index
 * MACs, base keys), and statements signed by others (`Device.account`, `Device.serverCertChain`). It receives
 * no texts or numbers. All values of one commit are passed before the first is awaited.
 */
export interface ValueTransform {
  /** Number of bytes that a stored value is longer than the original. */
  readonly overheadBytes: number;
  /** Returns the stored form of a value. */
  store(value: Uint8Array, place: ValuePlace): Uint8Array | Promise<Uint8Array>;
  /** Returns the original of a stored value. */
  load(stored: Uint8Array, place: ValuePlace): Uint8Array | Promise<Uint8Array>;
}

/** Callbacks of a walk through a value. */
interface Visitor {
  readonly table: TableName;
  /** Called for each stored value. The result replaces the value. */
  value(value: Uint8Array, place: ValuePlace): Uint8Array;
  /** Called for each length of a stored value. */
  length(bytes: number): number;
}

/** Objects that may contain the fields that name a row, the innermost first. */
type Around = readonly Readonly<Record<string, unknown>>[];

/** Transforms writes for the store. */
export async function transformWrites(
  writes: readonly Write[],
  transform: ValueTransform,
): Promise<readonly Write[]> {
  return await changed(
    (value, place) => transform.store(value, place),
    (visit) =>
      writes.map((write) => {
        const { kind } = write;
        const visitor: Visitor = { table: tableOf(kind), value: visit, length: (bytes) => bytes };
        return {
          kind,
          ...(walk(object(WRITES[kind].fields as never), write, [], visitor) as object),
        } as Write;
      }),
  );
}

/** Transforms the answer of a read for the caller. */
export async function transformAnswer(
  method: ReadMethod,
  args: readonly unknown[],
  answer: unknown,
  transform: ValueTransform,
): Promise<unknown> {
  const { table, args: parameters, answer: rule } = READS[method];
  if (table === undefined) return answer;
  const around: Record<string, unknown> = {};
  let asked: readonly unknown[] = [];
  for (const [index, { name }] of parameters.entries()) {
    const arg = args[index];
    if (Array.isArray(arg)) asked = arg;
    else around[name] = arg;
  }
  // In a batch, each item is the part of the row's key that the other arguments lack.
  const itemName = TABLE_KEYS[table].find((name) => !Object.hasOwn(around, name)) ?? "";
  const length = (bytes: number): number => (bytes === 0 ? 0 : bytes - transform.overheadBytes);
  return await changed(
    (value, place) => transform.load(value, place),
    (visit) => {
      const visitor: Visitor = { table, value: visit, length };
      if (rule.type !== "list") return walk(rule, answer, [around], visitor);
      return (answer as readonly unknown[]).map((item, index) =>
        walk(rule.item, item, [{ [itemName]: asked[index] }, around], visitor),
      );
    },
  );
}

/** Walks twice: first to pass every value to the transform, then to insert the results. */
async function changed<T>(
  change: ValueTransform["store"],
  walkAll: (visit: Visitor["value"]) => T,
): Promise<T> {
  const changes: (Uint8Array | Promise<Uint8Array>)[] = [];
  walkAll((value, place) => {
    changes.push(change(value, place));
    return value;
  });
  const values = await Promise.all(changes);
  let index = 0;
  return walkAll(() => values[index++] as Uint8Array);
}

/** Copies a value with its stored values changed. */
function walk(rule: Rule, value: unknown, around: Around, visitor: Visitor, entry?: string): unknown {
  switch (rule.type) {
    case "bytes": {
      const bytes = value as Uint8Array;
      if (!rule.isValue || bytes.byteLength === 0) return bytes;
      const { table } = visitor;
      return visitor.value(bytes, { table, key: keyOf(table, around), name: rule.name, entry });
    }
    case "integer":
      return rule.sort === "storedLength" ? visitor.length(value as number) : value;
    case "optional":
      return value === undefined ? undefined : walk(rule.rule, value, around, visitor, entry);
    case "list":
      return (value as readonly unknown[]).map((item) => walk(rule.item, item, around, visitor));
    case "tuple":
      return rule.parts.map((part, index) =>
        walk(part, (value as readonly unknown[])[index], around, visitor),
      );
    case "map": {
      const entries = [...(value as ReadonlyMap<string, unknown>)];
      return new Map(entries.map(([name, item]) => [name, walk(rule.value, item, around, visitor, name)]));
    }
    case "object": {
      const members = value as Readonly<Record<string, unknown>>;
      const inside = [members, ...around];
      return Object.fromEntries(
        Object.entries(rule.members).map(([name, member]) => [
          name,
          walk(member, members[name], inside, visitor),
        ]),
      );
    }
    case "text":
    case "choice":
    case "uint64":
    case "flag":
      return value;
  }
}

function keyOf(table: TableName, around: Around): readonly unknown[] {
  return TABLE_KEYS[table].map((name) => around.find((fields) => Object.hasOwn(fields, name))?.[name]);
}

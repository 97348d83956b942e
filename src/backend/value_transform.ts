import { object, type Rule } from "../rules/mod.ts";
import type { ReadMethod } from "./backend.ts";
import { type Argument, READS } from "./reads.ts";
import type { RowPage, RowWrite } from "./row_listing.ts";
import { readablePage } from "./row_page.ts";
import { TABLE_KEYS } from "./table_keys.ts";
import type { ValuePlace } from "./value_place.ts";
import { type Around, canWalk, type ValueChange, walkEach, walkValue } from "./value_walk.ts";
import type { Write, WriteKind } from "./write.ts";
import { tableOf } from "./write_rows.ts";
import { WRITES } from "./writes.ts";

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

/** Whether rows that a kind of write stores have stored values in them. */
export function hasValues(kind: WriteKind): boolean {
  return canWalk(rowRuleOf(kind));
}

/** Transforms writes for the store: at once, where the transform does. */
export function transformWrites(
  writes: readonly Write[],
  transform: ValueTransform,
): readonly Write[] | Promise<readonly Write[]> {
  return changedWrites(writes, (value, place) => transform.store(value, place));
}

/** Transforms the answer of a read for the caller: at once, where the transform does. */
export function transformAnswer(
  method: ReadMethod,
  args: readonly unknown[],
  answer: unknown,
  transform: ValueTransform,
): unknown {
  const { table, args: parameters, answer: rule } = READS[method];
  if (table === undefined) return answer;
  const change: ValueChange = (value, place) => transform.load(value, place);
  if (table === "rows") {
    return readablePage(answer as RowPage, async (row) => {
      const [loaded] = await changedWrites([row], change);
      return loaded as RowWrite;
    });
  }
  const around: Record<string, unknown> = {};
  let asked: readonly unknown[] | undefined;
  for (let index = 0; index < parameters.length; index += 1) {
    const arg = args[index];
    if (Array.isArray(arg)) asked = arg;
    else around[(parameters[index] as Argument).name] = arg;
  }
  const length = (bytes: number): number => Math.max(0, bytes - transform.overheadBytes);
  const visitor = { table, change, length };
  const outer: Around = { fields: around, outer: undefined };
  if (rule.type !== "list") return walkValue(rule, answer, outer, visitor);
  // In a batch, each item is the part of the row's key that the other arguments lack.
  const itemName = TABLE_KEYS[table].find((name) => !Object.hasOwn(around, name)) ?? "";
  return walkEach(answer as readonly unknown[], (item, index) =>
    walkValue(rule.item, item, { fields: { [itemName]: asked?.[index] }, outer }, visitor),
  );
}

/** The rule of all fields of a kind of write. */
const rowRules = new Map<WriteKind, Rule>();

function rowRuleOf(kind: WriteKind): Rule {
  let rule = rowRules.get(kind);
  if (rule === undefined) {
    rule = object(WRITES[kind].fields as never);
    rowRules.set(kind, rule);
  }
  return rule;
}

function changedWrites(
  writes: readonly Write[],
  change: ValueChange,
): readonly Write[] | Promise<readonly Write[]> {
  const length = (bytes: number): number => bytes;
  return walkEach(writes, (write) => {
    const { kind } = write;
    const visitor = { table: tableOf(kind), change, length };
    return walkValue(rowRuleOf(kind), write, undefined, visitor) as Write | Promise<Write>;
  });
}

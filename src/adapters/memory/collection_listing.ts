import { type CursorPart, encodeCursor, malformedCursor, type RowPage } from "../../backend/mod.ts";
import { compareText } from "../../bytes/mod.ts";
import type { AccountTables, SyncVersionRow } from "./account_tables.ts";
import { copyBytes } from "./copies.ts";
import { columnsOf, Damaged, type Stored } from "./damaged.ts";
import { compoundKey } from "./table.ts";

/** Where a page of one collection begins. */
interface Place {
  readonly revision: number;
  readonly generation: number;
  readonly index: string;
}

/**
 * A page of one collection: some of its mutations, and behind the last one its state. When it was written
 * since the page before, it begins anew in a generation of its own.
 */
export function collectionPage(
  { syncVersions, syncValues }: AccountTables,
  after: readonly CursorPart[] | undefined,
  limit: number,
): RowPage {
  const [last, within] = after === undefined ? ["", undefined] : placeOf(after);
  for (const name of syncVersions
    .entries()
    .map(([key]) => key)
    .sort(compareText)) {
    const order = compareText(name, last);
    if (order < 0 || (order === 0 && within === undefined)) continue;
    const stored = syncVersions.get(name) as Stored<SyncVersionRow>;
    const { state, current, started, revision } = columnsOf(stored);
    if (state === undefined || current === undefined) continue;
    if (stored instanceof Damaged) return { rows: [], next: encodeCursor([name]), unreadable: 1 };
    const place = order === 0 ? within : undefined;
    const isSame = place?.revision === revision;
    const changed = Math.max(place?.generation ?? 0, started) + 1;
    const generation = isSame ? place.generation : place === undefined ? current : changed;
    const values = syncValues
      .rowsOf(compoundKey(name, String(current)))
      .filter((row) => !isSame || compareText(row.index, place.index) > 0)
      .sort((a, b) => compareText(a.index, b.index))
      .slice(0, limit);
    const isLast = values.length < limit;
    const patch = {
      generation,
      values: new Map(values.map(({ index, value }) => [index, copyBytes(value)])),
      removed: [],
      state: isLast ? { ...state, hash: copyBytes(state.hash) } : undefined,
    };
    const next = isLast ? [name] : [name, revision, generation, values.at(-1)?.index ?? ""];
    return {
      rows: [{ kind: "syncVersion.patch", name, patch }],
      next: encodeCursor(next),
      unreadable: 0,
    };
  }
  return { rows: [], next: undefined, unreadable: 0 };
}

function placeOf([name, revision, generation, index, ...rest]: readonly CursorPart[]): [
  name: string,
  within: Place | undefined,
] {
  if (typeof name !== "string" || rest.length > 0) throw malformedCursor();
  if (revision === undefined) return [name, undefined];
  if (typeof revision !== "number" || typeof generation !== "number" || typeof index !== "string") {
    throw malformedCursor();
  }
  return [name, { revision, generation, index }];
}

import {
  type CursorPart,
  encodeCursor,
  malformedCursor,
  type RowPage,
  type SyncVersion,
} from "../../backend/mod.ts";
import { compareText } from "../../bytes/mod.ts";
import { CorruptError } from "../../errors/mod.ts";
import { decodeIndexValues } from "../../records/mod.ts";
import { bytesOf, flagOf, integerOf, optionalOf, type Row, textOf, uint64Of } from "./cell.ts";
import { type ReadScope, SCOPE } from "./read_scope.ts";

/** What errors name. */
const COLLECTION = "collection";

/** Where the listing of collections goes on. */
interface Place {
  /** The collection that was listed last. */
  readonly name: string;
  /** Where within it; `undefined` when all of it was listed. */
  readonly within:
    | { readonly revision: number; readonly generation: number; readonly index: string }
    | undefined;
}

/** A collection, and some of its mutations. */
interface Collection {
  readonly name: string;
  readonly state: SyncVersion;
  readonly generation: number;
  readonly revision: number;
  readonly values: readonly (readonly [index: string, value: Uint8Array])[];
}

/** The next collection that was not forgotten, and its mutations behind an index, in one statement. */
export const PAGE: string =
  "WITH found AS (SELECT name, version, hash, mac_mismatch_fatal, index_values, generation, started, " +
  `revision FROM sync_version WHERE device_id = ${SCOPE} AND name >= ?2 AND (name > ?2 OR ?3) ` +
  "AND (generation IS NOT NULL OR length(hash) + length(index_values) > 0) ORDER BY name LIMIT 1) " +
  "SELECT * FROM found " +
  "UNION ALL SELECT * FROM (SELECT index_mac, value, NULL, NULL, NULL, NULL, NULL, NULL FROM sync_value " +
  `WHERE device_id = ${SCOPE} AND name = (SELECT name FROM found) ` +
  "AND generation = (SELECT generation FROM found) " +
  "AND index_mac > iif((SELECT name = ?2 AND revision IS ?4 FROM found), ?5, '') " +
  "ORDER BY index_mac LIMIT ?6)";

/**
 * A page of one collection: some of its mutations, and behind the last one its state. When it was written
 * since the page before, it begins anew in a generation of its own.
 */
export async function collectionPage(
  scope: ReadScope,
  after: readonly CursorPart[] | undefined,
  limit: number,
): Promise<RowPage> {
  const place = placeOf(after);
  const { within } = place;
  const params = [place.name, within === undefined ? 0 : 1, within?.revision ?? null, within?.index ?? ""];
  const [row, ...values] = await scope.query(PAGE, [...params, limit]);
  if (row === undefined) return { rows: [], next: undefined, unreadable: 0 };
  const name = textOf(row[0], COLLECTION);
  const found = readCollection(row, values, name === place.name ? within : undefined, limit);
  if (found === undefined) return { rows: [], next: encodeCursor([name]), unreadable: 1 };
  const { state, generation, revision } = found;
  const isLast = found.values.length < limit;
  const patch = {
    generation,
    values: new Map(found.values),
    removed: [],
    state: isLast ? state : undefined,
  };
  const next = encodeCursor(isLast ? [name] : [name, revision, generation, found.values.at(-1)?.[0] ?? ""]);
  return { rows: [{ kind: "syncVersion.patch", name, patch }], next, unreadable: 0 };
}

function placeOf(after: readonly CursorPart[] | undefined): Place {
  if (after === undefined) return { name: "", within: undefined };
  const [name, revision, generation, index] = after;
  if (typeof name === "string" && after.length === 1) return { name, within: undefined };
  if (typeof name !== "string" || typeof index !== "string") throw malformedCursor();
  if (!Number.isSafeInteger(revision) || !Number.isSafeInteger(generation)) throw malformedCursor();
  return { name, within: { revision: Number(revision), generation: Number(generation), index } };
}

/** `undefined` when it is damaged. */
function readCollection(
  [name, version, hash, macMismatchFatal, indexValues, current, started, revision]: Row,
  rows: readonly Row[],
  ...[within, limit]: [within: Place["within"], limit: number]
): Collection | undefined {
  try {
    const latest = integerOf(revision, COLLECTION);
    const isSame = within?.revision === latest;
    const greatest = integerOf(started, COLLECTION);
    const generation = optionalOf(current, COLLECTION, integerOf);
    const values =
      generation === undefined
        ? earlierValues(bytesOf(indexValues, COLLECTION), isSame ? within.index : "", limit)
        : rows.map(([index, value]) => [textOf(index, COLLECTION), bytesOf(value, COLLECTION)] as const);
    return {
      name: textOf(name, COLLECTION),
      state: {
        version: uint64Of(version, COLLECTION),
        hash: bytesOf(hash, COLLECTION),
        macMismatchFatal: flagOf(macMismatchFatal, COLLECTION),
      },
      // What is not a stored generation gets a number that was not used.
      generation: isSame
        ? within.generation
        : within === undefined
          ? (generation ?? greatest + 1)
          : Math.max(within.generation, greatest) + 1,
      revision: latest,
      values,
    };
  } catch (error) {
    if (error instanceof CorruptError) return undefined;
    throw error;
  }
}

/** Mutations of a collection that an earlier release stored as one value. */
function earlierValues(
  stored: Uint8Array,
  after: string,
  limit: number,
): readonly (readonly [index: string, value: Uint8Array])[] {
  return [...decodeIndexValues(stored)]
    .filter(([index]) => compareText(index, after) > 0)
    .sort(([a], [b]) => compareText(a, b))
    .slice(0, limit);
}

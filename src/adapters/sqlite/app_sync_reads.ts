import type { AppSyncReads, BackendCore, CollectionName, HashState } from "../../backend/mod.ts";
import { BusyError, CorruptError } from "../../errors/mod.ts";
import { decodeIndexValues } from "../../records/mod.ts";
import { bytesOf, flagOf, integerOf, optionalOf, type Row, textOf, uint64Of } from "./cell.ts";
import { type ReadScope, SCOPE } from "./read_scope.ts";

/**
 * Value MACs that one statement reads. A server that answers in JSON needs some megabytes for them, and
 * limits its answers.
 */
export const PAGE_ROWS: number = 5_000;

/**
 * Maximum number of times that a read of one collection starts again because it changed between two pages.
 */
const MAX_READS = 16;

const GENERATION_ROWS =
  "FROM sync_value WHERE device_id = (SELECT device_id FROM account WHERE name = ?1) " +
  "AND name = ?2 AND generation =";

/** The collection's row and the first page, in one statement: a small collection is one query. */
export const FIRST_PAGE: string =
  "SELECT version, hash, mac_mismatch_fatal, index_values, generation, revision " +
  "FROM sync_version v WHERE device_id = (SELECT device_id FROM account WHERE name = ?1) AND name = ?2 " +
  `UNION ALL SELECT * FROM (SELECT index_mac, value, NULL, NULL, NULL, NULL ${GENERATION_ROWS} ` +
  "(SELECT generation FROM sync_version " +
  "WHERE device_id = (SELECT device_id FROM account WHERE name = ?1) AND name = ?2) " +
  `ORDER BY index_mac LIMIT ${PAGE_ROWS})`;

const NEXT_PAGE =
  `SELECT index_mac, value ${GENERATION_ROWS} ?3 AND index_mac > ?4 ` +
  `ORDER BY index_mac LIMIT ${PAGE_ROWS}`;

/** Reads of the app-sync store. */
export function appSyncReads(scope: ReadScope): Pick<BackendCore, keyof AppSyncReads> {
  async function getMutationMacs(
    name: CollectionName,
    indexMacs: readonly Uint8Array[],
  ): Promise<(Uint8Array | undefined)[]> {
    const rows = await scope.lookUp(
      indexMacs.map((indexMac) => [indexMac]),
      ["value_mac", "mutation_mac", "index_mac", "WHERE name = ?"],
      [name],
    );
    return rows.map((row) => row && bytesOf(row[0], "mutation MAC"));
  }
  return {
    async getSyncKey(keyId) {
      const row = await scope.first(
        `SELECT key_data, fingerprint, timestamp FROM sync_key WHERE device_id = ${SCOPE} AND key_id = ?`,
        [keyId],
      );
      if (row === undefined) return undefined;
      const keyData = bytesOf(row[0], "sync key");
      if (keyData.byteLength === 0) throw new CorruptError("read sync key: stored key is empty");
      return {
        keyData,
        fingerprint: bytesOf(row[1], "sync key fingerprint"),
        timestamp: integerOf(row[2], "sync key timestamp"),
      };
    },
    async getLatestSyncKeyId() {
      const row = await scope.first(
        `SELECT key_id FROM sync_key WHERE device_id = ${SCOPE} AND length(key_data) > 0 ` +
          "ORDER BY key_id DESC LIMIT 1",
        [],
      );
      return row && bytesOf(row[0], "sync key id");
    },
    async getVersion(name) {
      for (let reads = 0; reads < MAX_READS; reads += 1) {
        const read = await readVersion(scope, name);
        if (read !== "changed") return read;
      }
      throw new BusyError("read collection: it keeps changing");
    },
    async getGenerations(name) {
      const row = await scope.first(
        `SELECT generation, started FROM sync_version WHERE device_id = ${SCOPE} AND name = ?`,
        [name],
      );
      return {
        current: optionalOf(row?.[0], "generation", integerOf),
        started: optionalOf(row?.[1], "started generation", integerOf) ?? 0,
      };
    },
    async getMutationMac(name, indexMac) {
      return (await getMutationMacs(name, [indexMac]))[0];
    },
    getMutationMacs,
  };
}

/**
 * Reads a collection page by page. Returns `changed` if it was written between two pages, `undefined` if it
 * is absent.
 */
async function readVersion(
  scope: ReadScope,
  name: CollectionName,
): Promise<HashState | "changed" | undefined> {
  const [row, ...first] = await scope.query(FIRST_PAGE, [name]);
  if (row === undefined) return undefined;
  const state = {
    version: uint64Of(row[0], "collection version"),
    hash: bytesOf(row[1], "collection hash"),
    macMismatchFatal: flagOf(row[2], "collection mismatch mark"),
  };
  const generation = optionalOf(row[4], "generation", integerOf);
  if (generation === undefined) {
    const earlier = bytesOf(row[3], "collection");
    if (state.hash.byteLength === 0 && earlier.byteLength === 0) return undefined;
    return { ...state, indexValueMap: decodeIndexValues(earlier) };
  }
  const indexValueMap = new Map<string, Uint8Array>();
  let page: readonly Row[] = first;
  for (;;) {
    let last = "";
    for (const [index, value] of page) {
      last = textOf(index, "index MAC");
      indexValueMap.set(last, bytesOf(value, "value MAC"));
    }
    if (page.length < PAGE_ROWS) break;
    page = await scope.query(NEXT_PAGE, [name, generation, last]);
  }
  if (indexValueMap.size < PAGE_ROWS) return { ...state, indexValueMap };
  const [now] = await scope.query(
    `SELECT revision FROM sync_version WHERE device_id = ${SCOPE} AND name = ?`,
    [name],
  );
  return now?.[0] === row[5] ? { ...state, indexValueMap } : "changed";
}

/**
 * The statement that reads a collection and its first page of mutations. A column of a union has one type,
 * and only an order keeps the collection in front.
 *
 * @param schema That of the tables.
 * @param limit The rows of a page.
 */
export function firstPage(schema: string, limit: number): string {
  const account = `(SELECT device_id FROM ${schema}.account WHERE name = $1)`;
  return `SELECT version, hash, mac_mismatch_fatal, index_values, generation, revision, 0 AS part
  FROM ${schema}.sync_version WHERE device_id = ${account} AND name = $2
  UNION ALL SELECT * FROM (SELECT index_mac, value, NULL::bigint, NULL::bytea, NULL::bigint, NULL::bigint, 1
    FROM ${schema}.sync_value WHERE device_id = ${account} AND name = $2 AND generation =
    (SELECT generation FROM ${schema}.sync_version WHERE device_id = ${account} AND name = $2)
    ORDER BY index_mac LIMIT ${limit}) AS page
  ORDER BY part, 1`;
}

/** The column of `listedPage` that is a text or bytes. */
export const LISTED_MIXED = 1;

/** The statement that lists the next collection and some of its mutations. */
export function listedPage(schema: string): string {
  const account = `(SELECT device_id FROM ${schema}.account WHERE name = $1)`;
  return `WITH found AS (SELECT name, version, hash, mac_mismatch_fatal, index_values, generation, started,
    revision FROM ${schema}.sync_version WHERE device_id = ${account} AND name >= $2 AND (name > $2 OR $3 <> 0)
    AND (generation IS NOT NULL OR length(hash) + length(index_values) > 0) ORDER BY name LIMIT 1)
  SELECT name, '\\x74'::bytea || convert_to(version, 'UTF8'), hash, mac_mismatch_fatal,
    index_values, generation, started, revision, 0 AS part FROM found
  UNION ALL SELECT * FROM (SELECT index_mac, '\\x62'::bytea || value, NULL::bytea, NULL::bigint, NULL::bytea,
    NULL::bigint, NULL::bigint, NULL::bigint, 1 FROM ${schema}.sync_value WHERE device_id = ${account}
    AND name = (SELECT name FROM found) AND generation = (SELECT generation FROM found)
    AND index_mac > CASE WHEN (SELECT name = $2 AND revision IS NOT DISTINCT FROM $4::bigint FROM found)
      THEN $5 ELSE '' END
    ORDER BY index_mac LIMIT $6) AS page
  ORDER BY part, 1`;
}

/** How the statement begins that records an action of an administrator. */
export const RECORD_ACTION = "INSERT INTO service_audit (key, entry) VALUES (?, ?) ON CONFLICT (key)";

/**
 * The statement that records an action, or counts one of the same key: see `SqlRegistry.recordAction`. The number
 * of a new row follows that of the last one. A sequence would also give numbers to what is counted, and old rows
 * leave by their numbers.
 *
 * @param schema That of the tables.
 */
export function recordAction(schema: string): string {
  const outcome = (of: string): string => `${of}.entry::json ->> 'outcome'`;
  return `INSERT INTO ${schema}.service_audit (id, key, entry)
  SELECT coalesce(max(id), 0) + 1, $1::text, $2::text FROM ${schema}.service_audit
  ON CONFLICT (key) DO UPDATE SET entry = jsonb_strip_nulls(service_audit.entry::jsonb || jsonb_build_object(
    'outcome', CASE WHEN ${outcome("service_audit")} = 'done' THEN 'done' ELSE ${outcome("excluded")} END,
    'times', nullif(coalesce((service_audit.entry::json ->> 'times')::bigint, 1)
      + CASE WHEN excluded.entry::json -> 'outcome' IS NULL THEN 1 ELSE 0 END, 1)))::text`;
}

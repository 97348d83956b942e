import { type Backend, listAllRows, type RedactedRow, redactRow } from "../backend/mod.ts";

/** All rows, redacted. Damaged ones show in the counts of the database alone. */
export async function* redactedRows(
  store: Pick<Backend, "listRows">,
): AsyncGenerator<RedactedRow, void, void> {
  for await (const row of listAllRows(store, { onUnreadable: () => {} })) yield redactRow(row);
}

import type { RegisteredAccount } from "./registry.ts";
import type { RegistryDatabase } from "./registry_database.ts";
import { ACCOUNT_COLUMNS, accountOf } from "./sql_registry.ts";

/**
 * The registrations of names in the database of a `SqlRegistry`, in one statement and in ascending order. Those
 * that are not registered are left out. No method of the registry, since a Worker has no use for it.
 */
export async function findAccounts(
  database: Pick<RegistryDatabase, "query">,
  names: readonly string[],
): Promise<RegisteredAccount[]> {
  const rows = await database.query(
    `SELECT ${ACCOUNT_COLUMNS} FROM service_account ` +
      "WHERE name IN (SELECT value FROM json_each(?)) ORDER BY name",
    [JSON.stringify(names)],
  );
  return rows.map(accountOf);
}

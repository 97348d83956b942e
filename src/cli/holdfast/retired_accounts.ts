import type { SetAsideAccount } from "../../backend/mod.ts";
import { DEFAULT_ACCOUNT } from "./default_account.ts";
import type { Looking } from "./targets/target.ts";

/** Retired accounts of a database. A service does not list those of others, an older layout has none. */
export async function retiredAccounts({ schema, reads }: Looking): Promise<readonly SetAsideAccount[]> {
  if (schema === undefined || schema.version < schema.newest) return [];
  return await (await reads(DEFAULT_ACCOUNT)).listSetAside();
}

import type { ObjectStorageLike } from "../adapters/durable_object/mod.ts";
import { hexOf } from "../bytes/mod.ts";
import type { Random } from "../ports/mod.ts";
import { loadValue, storeValue } from "./object_value.ts";

const TOKEN_BYTES = 16;

/**
 * The token under which the object owns its account, the same in every incarnation of the object. The
 * platform lets only one incarnation write to the storage, so waking up needs no row. The token is random, is
 * stored once, and is unknown to clients elsewhere.
 */
export function ownerTokenOf(storage: ObjectStorageLike, random: Random): string {
  const stored = loadValue(storage, "owner");
  if (stored !== undefined) return String(stored);
  const token = hexOf(random.bytes(TOKEN_BYTES));
  storeValue(storage, "owner", token);
  return token;
}

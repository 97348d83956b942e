import { CorruptError, WrongLengthError } from "../../errors/mod.ts";
import {
  type AdvKeyIndexList,
  decodeAdvKeyIndexList,
  decodeAdvSignedKeyIndexList,
} from "../../records/mod.ts";

/**
 * The list of key indexes in an encoded `ADVSignedKeyIndexList`; `undefined` when there is none, or it cannot
 * be read.
 *
 * The signature is the client's to check: it has the account's key.
 */
export function readKeyIndexList(signed: Uint8Array | undefined): AdvKeyIndexList | undefined {
  if (signed === undefined) return undefined;
  try {
    return decodeAdvKeyIndexList(decodeAdvSignedKeyIndexList(signed).details);
  } catch (error) {
    if (error instanceof CorruptError || error instanceof WrongLengthError) return undefined;
    throw error;
  }
}

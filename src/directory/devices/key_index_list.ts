import { CorruptError, WrongLengthError } from "../../errors/mod.ts";
import {
  type AdvKeyIndexList,
  decodeAdvKeyIndexList,
  decodeAdvSignedKeyIndexList,
} from "../../records/mod.ts";

/**
 * Decodes the key indexes of an `ADVSignedKeyIndexList`. `undefined` when there is none or it cannot be
 * decoded.
 *
 * Does not verify the signature. The client must, since it has the account's key.
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

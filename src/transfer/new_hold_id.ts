import { hexOf } from "../bytes/mod.ts";
import type { Random } from "../ports/mod.ts";

const ID_BYTES = 16;

/** Draws the id of an import, a move, or an account that is retired: 32 hexadecimal characters. */
export function newHoldId(random: Random): string {
  return hexOf(random.bytes(ID_BYTES));
}

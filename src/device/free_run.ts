import type { Backend } from "../backend/mod.ts";
import { MAX_KEY_ID } from "../bytes/mod.ts";
import { LimitError } from "../errors/mod.ts";
import { nextId } from "./pre_key_ids.ts";

/**
 * Ids from `start` up to, but not including, `end`, in ascending order: none of them has a stored pre-key.
 */
export interface FreeRun {
  readonly start: number;
  readonly end: number;
}

/**
 * Finds ids in a row without a stored pre-key, for clients that count on with `id + 1` and do not know that
 * ids wrap around. The run ends before 2^24−1, so that such a counter never leaves the range of ids.
 *
 * @param start First id to look at.
 * @param length Least number of ids in the run.
 * @throws {LimitError} When there is no such run.
 */
export async function findFreeRun(
  reads: Pick<Backend, "getMaxPreKeyId" | "loadPreKeys">,
  start: number,
  length: number,
): Promise<FreeRun> {
  let first = start;
  const max = await reads.getMaxPreKeyId();
  for (let looked = 0; looked < MAX_KEY_ID; ) {
    if (first + length > MAX_KEY_ID) {
      looked += MAX_KEY_ID - first + 1;
      first = 1;
      continue;
    }
    if (first > max) return { start: first, end: MAX_KEY_ID };
    const ids = Array.from({ length }, (_, index) => first + index);
    const taken = (await reads.loadPreKeys(ids)).map((row) => row.id);
    if (taken.length === 0) return { start: first, end: first + length };
    const next = nextId(Math.max(...taken));
    looked += next - first;
    first = next;
  }
  throw new LimitError(`find pre-key ids: no ${length} ids in a row are free`);
}

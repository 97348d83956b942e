import { MAX_KEY_ID } from "../backend/mod.ts";
import { ArgumentRangeError } from "../errors/mod.ts";

/**
 * Ids of one-time pre-keys go round: 1 … 2^24−1, and after the last comes 1 again. Which of two ids is the later one
 * is therefore decided by distance: less than half way round is ahead. 0 means unset.
 */
const HALF_WAY = MAX_KEY_ID / 2;

/** The id after another; the first after 0. */
export function nextId(id: number): number {
  return id === MAX_KEY_ID ? 1 : id + 1;
}

/** Steps forward from one id to another. */
export function distance(from: number, to: number): number {
  return (to - from + MAX_KEY_ID) % MAX_KEY_ID;
}

/** Whether `id` is at or ahead of `other`. */
export function isAtOrAhead(id: number, other: number): boolean {
  return distance(other, id) < HALF_WAY;
}

/** The later of two counters; an unset one is behind every other. */
export function laterId(current: number, proposed: number): number {
  if (proposed === 0) return current;
  if (current === 0) return proposed;
  return isAtOrAhead(proposed, current) ? proposed : current;
}

/** The two counters of one-time pre-keys. */
export interface PreKeyWatermarks {
  /** Id of the next pre-key to be made; 0 when unset. */
  readonly nextPreKeyId: number;
  /** Id of the first pre-key that the server does not have; 0 when unset. */
  readonly firstUnuploadedPreKeyId: number;
}

/**
 * Moves the counters forward and never back: each is kept where the proposed one is behind it. A counter that went
 * back would hand out ids again whose keys the server still serves.
 *
 * @throws {RangeError} When the first pre-key to be uploaded would come after the next one to be made.
 */
export function advanceWatermarks(current: PreKeyWatermarks, proposed: PreKeyWatermarks): PreKeyWatermarks {
  const nextPreKeyId = laterId(current.nextPreKeyId, proposed.nextPreKeyId);
  const firstUnuploadedPreKeyId = laterId(current.firstUnuploadedPreKeyId, proposed.firstUnuploadedPreKeyId);
  const bothSet = nextPreKeyId !== 0 && firstUnuploadedPreKeyId !== 0;
  if (bothSet && !isAtOrAhead(nextPreKeyId, firstUnuploadedPreKeyId)) {
    throw new ArgumentRangeError(
      `pre-key watermarks: first unuploaded id ${firstUnuploadedPreKeyId} is past next id ${nextPreKeyId}`,
    );
  }
  return { nextPreKeyId, firstUnuploadedPreKeyId };
}

import { MAX_KEY_ID } from "../bytes/mod.ts";
import { ArgumentRangeError, requireIntegerWithin } from "../errors/mod.ts";

/**
 * Ids of one-time pre-keys form a ring: 1 … 2^24−1, and after the last comes 1 again. The distance decides
 * which of two ids is the later one: an id is ahead of another when it is fewer than 2^23 steps forward. 0
 * means unset.
 */
const HALF_RING = 2 ** 23;

/**
 * Most steps by which a counter may be behind the current one and still count as an older value of it. A
 * client that computes counters from values that it read earlier is behind by one upload at most (812 keys in
 * Baileys); a counter that is further behind is one that is too far ahead.
 */
const MAX_STEPS_BEHIND = 2 ** 20;

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
  return distance(other, id) < HALF_RING;
}

/** The later of two counters; an unset one is behind every other. */
export function laterId(current: number, proposed: number): number {
  if (proposed === 0) return current;
  if (current === 0) return proposed;
  return isAtOrAhead(proposed, current) ? proposed : current;
}

/**
 * The later of a counter and an update of it. An update that is a little behind is an older value and changes
 * nothing.
 *
 * @throws {RangeError} When the update is no id, or 2^23 steps or more ahead, where ahead and behind cannot
 * be told apart.
 */
export function advanceId(name: string, current: number, update: number): number {
  requireIntegerWithin(`pre-key counters: ${name}`, update, 0, MAX_KEY_ID);
  const later = laterId(current, update);
  if (later === update || update === 0 || distance(update, current) <= MAX_STEPS_BEHIND) return later;
  throw new ArgumentRangeError(`pre-key counters: ${name} ${update} is too far from ${current}`);
}

/** The two counters of one-time pre-keys. */
export interface PreKeyWatermarks {
  /** Id of the next pre-key to be made; 0 when unset. */
  readonly nextPreKeyId: number;
  /** Id of the first pre-key that the server does not have; 0 when unset. */
  readonly firstUnuploadedPreKeyId: number;
}

/**
 * Moves the counters forward and never back: each keeps its value when the proposed one is behind. A counter
 * that went back would hand out ids again whose keys the server still serves.
 *
 * @throws {RangeError} When a counter is too far ahead, or the first pre-key to be uploaded would come after
 * the next one to be made.
 */
export function advanceWatermarks(current: PreKeyWatermarks, proposed: PreKeyWatermarks): PreKeyWatermarks {
  const nextPreKeyId = advanceId("next id", current.nextPreKeyId, proposed.nextPreKeyId);
  const firstUnuploadedPreKeyId = advanceId(
    "first unuploaded id",
    current.firstUnuploadedPreKeyId,
    proposed.firstUnuploadedPreKeyId,
  );
  const bothSet = nextPreKeyId !== 0 && firstUnuploadedPreKeyId !== 0;
  if (bothSet && !isAtOrAhead(nextPreKeyId, firstUnuploadedPreKeyId)) {
    throw new ArgumentRangeError(
      `pre-key watermarks: first unuploaded id ${firstUnuploadedPreKeyId} is past next id ${nextPreKeyId}`,
    );
  }
  return { nextPreKeyId, firstUnuploadedPreKeyId };
}

/**
 * The counters of a device that takes another identity, all of whose pre-keys are gone. An id that was made
 * for the former identity is not used again: the next one is the later of both, and where the proposal is not
 * ahead, nothing of the new identity was uploaded yet. A counter that is too far away to be older is the new
 * identity's own.
 */
export function jumpWatermarks(current: PreKeyWatermarks, proposed: PreKeyWatermarks): PreKeyWatermarks {
  const next = proposed.nextPreKeyId;
  const isOlder =
    next === 0 || (current.nextPreKeyId !== 0 && distance(next, current.nextPreKeyId) <= MAX_STEPS_BEHIND);
  if (!isOlder) return proposed;
  return { nextPreKeyId: current.nextPreKeyId, firstUnuploadedPreKeyId: current.nextPreKeyId };
}

/**
 * Checks that neither counter goes back: an explicit change of the counters takes effect or is refused.
 *
 * @throws {RangeError} When a proposed counter is behind the current one.
 */
export function requireForward(current: PreKeyWatermarks, proposed: PreKeyWatermarks): void {
  for (const name of ["nextPreKeyId", "firstUnuploadedPreKeyId"] as const) {
    const [from, to] = [current[name], proposed[name]];
    if (laterId(from, to) !== to) {
      throw new ArgumentRangeError(`set pre-key counters: ${name} cannot go back from ${from} to ${to}`);
    }
  }
}

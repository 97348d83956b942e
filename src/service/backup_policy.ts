import { requireIntegerWithin } from "../errors/mod.ts";

/** Shortest interval in milliseconds. */
const MIN_EVERY_MS = 60_000;

/** Longest time in milliseconds: ten years. */
const MAX_MS = 3_660 * 86_400_000;

/** First wait after a failure, in milliseconds. It doubles with each further one, up to the interval. */
const FIRST_RETRY_MS = 60_000;

/** When backups are made, and which stay. */
export interface BackupPolicy {
  /** Every account is backed up once in this time, in milliseconds. At least a minute. */
  readonly everyMs: number;
  /**
   * In how many intervals backups of an account stay: of each interval, the newest one. So backups that are
   * made by hand do not push out those of other intervals. By default, all stay.
   */
  readonly keep?: number | undefined;
  /** How long backups of an account stay, in milliseconds. The newest one stays in any case. */
  readonly keepForMs?: number | undefined;
}

/** @throws {RangeError} When a member is out of range. */
export function requireBackupPolicy({ everyMs, keep, keepForMs }: BackupPolicy): void {
  requireIntegerWithin("schedule backups: the interval", everyMs, MIN_EVERY_MS, MAX_MS);
  if (keep !== undefined) requireIntegerWithin("schedule backups: keep", keep, 1, 1_000_000);
  if (keepForMs !== undefined)
    requireIntegerWithin("schedule backups: the time to keep", keepForMs, MIN_EVERY_MS, MAX_MS);
}

/**
 * The backups of an account that do not stay: those beyond the number of intervals, those before the newest
 * one of an interval where there is such a number, and those beyond the age. Never the newest one of all.
 *
 * @param madeAtMs In ascending order, without those of a former account of the name.
 */
export function expiredBackups(
  account: string,
  madeAtMs: readonly number[],
  { everyMs, keep, keepForMs, nowMs }: BackupPolicy & { readonly nowMs: number },
): readonly number[] {
  const most = keep ?? Number.POSITIVE_INFINITY;
  const oldestMs = nowMs - (keepForMs ?? Number.POSITIVE_INFINITY);
  /** The newest backup of each interval. Later ones replace earlier ones. */
  const newest = new Map(madeAtMs.map((atMs) => [dueAfterBackup(account, atMs, everyMs), atMs]));
  const counted = new Set([...newest.values()].slice(-Math.min(most, newest.size)));
  const isCounted = (atMs: number): boolean => keep === undefined || counted.has(atMs);
  return madeAtMs.slice(0, -1).filter((atMs) => !isCounted(atMs) || atMs < oldestMs);
}

/**
 * When an account is due after a backup: at its place in the interval, which follows from its name, so that
 * accounts are spread and a restart changes nothing.
 */
export function dueAfterBackup(account: string, madeAtMs: number, everyMs: number): number {
  const placeMs = Math.floor(placeOf(account) * everyMs);
  return (Math.floor((madeAtMs - placeMs) / everyMs) + 1) * everyMs + placeMs;
}

/** How long to wait after so many failures in a row. */
export function waitAfterFailures(failures: number, everyMs: number): number {
  return Math.min(everyMs, FIRST_RETRY_MS * 2 ** (failures - 1));
}

/** 0 to 1 by a name: FNV-1a, and the last step of MurmurHash3, since names often differ in their end alone. */
function placeOf(account: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < account.length; index += 1)
    hash = Math.imul(hash ^ account.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

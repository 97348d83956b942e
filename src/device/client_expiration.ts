import type { ServerClientExpiration } from "../backend/mod.ts";
import { requireObject } from "../errors/mod.ts";

/** Least time until a client expires when the server brings the date forward, in seconds. */
const GRACE_S = 3 * 24 * 3_600;

/** Input of {@link decideClientExpiration}. */
export interface ClientExpirationNotice {
  /** What is stored. */
  readonly current: ServerClientExpiration | undefined;
  /** The time that the server sent, in Unix seconds; `undefined` when it sent none. */
  readonly expiresAt: number | undefined;
  /** Unix seconds. */
  readonly now: number;
  /** Version of this client build. */
  readonly version: string;
}

/**
 * Decides what to store when the server tells until when it accepts this client version. Store the result
 * with the command `setServerClientExpiration`; the same object as `current` means that nothing changes.
 *
 * - What was stored for another version counts as nothing stored.
 * - Without a time the stored one is cleared.
 * - A later or equal time than the stored one changes nothing.
 * - Any other time is stored as the later of that time and three days from now.
 *
 * @example
 * ```ts
 * import { decideClientExpiration } from "@holdfast/store";
 *
 * const stored = decideClientExpiration({ current: undefined, expiresAt: 5, now: 10, version: "2.3000.1" });
 * if (stored?.expiresAt !== 10 + 3 * 86_400) throw new Error("the client has three days");
 * ```
 */
export function decideClientExpiration(notice: ClientExpirationNotice): ServerClientExpiration | undefined {
  requireObject("notice", notice);
  const { current, expiresAt, now, version } = notice;
  if (expiresAt === undefined) return undefined;
  if (current?.version === version && expiresAt >= current.expiresAt) return current;
  return { expiresAt: Math.max(expiresAt, now + GRACE_S), version };
}

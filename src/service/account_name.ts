import { isText } from "../backend/mod.ts";

/**
 * The account that a segment of a path names, decoded exactly once; `undefined` when it names none: invalid percent
 * encoding, text that is not UTF-8 or that no store accepts as a key. Nothing is normalised: a name is what it is, byte by byte.
 */
export function accountOfSegment(segment: string): string | undefined {
  try {
    const name = decodeURIComponent(segment);
    return isAccountName(name) ? name : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a name can be an account's here: `.` and `..` cannot, since no path can hold them as a segment. */
export function isAccountName(name: unknown): name is string {
  return isText(name) && name !== "." && name !== "..";
}

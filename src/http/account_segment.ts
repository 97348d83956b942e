import { isAccountName } from "../service/mod.ts";

/**
 * Returns the name of the account in a segment of a path, which is decoded exactly once. Returns `undefined`
 * if the segment is not valid percent encoding of a name. Names are not normalised.
 */
export function accountOfSegment(segment: string): string | undefined {
  try {
    const name = decodeURIComponent(segment);
    return isAccountName(name) ? name : undefined;
  } catch {
    return undefined;
  }
}

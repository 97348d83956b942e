import type { ChaosUser } from "./contact.ts";
import { ABSENT, type Digest } from "./record_digest.ts";

/** Keys at both ends of what a commit moves. */
export function movedKeys(
  moving: Iterable<ChaosUser>,
  changes: readonly { readonly key: string; readonly digest: Digest }[],
): Set<string> {
  const keys = new Set<string>();
  for (const { pn = "", lid } of moving) {
    for (const { key, digest } of changes) {
      if (digest.shape !== ABSENT.shape || !key.includes(pn)) continue;
      keys.add(key);
      keys.add(key.replace(pn, lid).replace("@c.us", "@lid"));
    }
  }
  return keys;
}

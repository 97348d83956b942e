import { ABSENT, type Digest } from "./record_digest.ts";

/** A phone number in a key of the cache. */
const PHONE_NUMBER = /([0-9]+)((?::[0-9]+)?)@c\.us/;

/**
 * Keys at both ends of what a commit moves: what is there under a phone number and is not deleted by anybody,
 * goes to the LID.
 *
 * @param lids By phone number.
 */
export function movedKeys(
  lids: ReadonlyMap<string, string>,
  changes: readonly { readonly key: string; readonly digest: Digest }[],
  isPresent: (key: string) => boolean,
): Set<string> {
  const keys = new Set<string>();
  for (const { key, digest } of changes) {
    const lid = lids.get(PHONE_NUMBER.exec(key)?.[1] ?? "");
    if (lid === undefined || digest.shape !== ABSENT.shape || !isPresent(key)) continue;
    keys.add(key);
    keys.add(key.replace(PHONE_NUMBER, `${lid}$2@lid`));
  }
  return keys;
}

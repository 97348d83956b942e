import { MAX_CACHED_MAPPINGS } from "../cache/mod.ts";
import type { MovedUser } from "./moved_user.ts";

/**
 * Users without state under their phone number: at most as many as mappings in memory. A dropped user is
 * checked again.
 */
export class SweptUsers {
  readonly #pns = new Map<string, string>();

  has({ pn, lid }: MovedUser): boolean {
    return this.#pns.get(lid) === pn;
  }

  hasLid(lid: string): boolean {
    return this.#pns.has(lid);
  }

  add(users: readonly MovedUser[]): void {
    for (const { pn, lid } of users) {
      this.#pns.delete(lid);
      this.#pns.set(lid, pn);
      if (this.#pns.size <= MAX_CACHED_MAPPINGS) continue;
      const [oldest = ""] = this.#pns.keys();
      this.#pns.delete(oldest);
    }
  }

  /** Records that state may be under any phone number. */
  clear(): void {
    this.#pns.clear();
  }

  /** Records that state may be under the phone numbers of these LIDs. */
  delete(lids: readonly string[]): void {
    for (const lid of lids) this.#pns.delete(lid);
  }
}

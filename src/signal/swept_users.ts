import type { MovedUser } from "./moved_user.ts";

/**
 * Users that are remembered: as many as a cache of mappings holds. A user that is forgotten is looked at once
 * more.
 */
const MAX_USERS = 10_000;

/** Users of whom nothing is under the phone number any more. */
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
      if (this.#pns.size <= MAX_USERS) continue;
      const [oldest = ""] = this.#pns.keys();
      this.#pns.delete(oldest);
    }
  }

  /** Something may be under any phone number. */
  clear(): void {
    this.#pns.clear();
  }

  /** Something may be under the phone numbers of these LIDs. */
  delete(lids: readonly string[]): void {
    for (const lid of lids) this.#pns.delete(lid);
  }
}

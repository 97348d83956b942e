import type { MovedUser } from "../signal/mod.ts";

/** Users that are remembered: as many as a cache of mappings holds. Who is forgotten is looked at once more. */
const MAX_USERS = 10_000;

/** Users of whom nothing is under the phone number any more. */
export class SweptUsers {
  readonly #lids = new Map<string, string>();

  has(pn: string, lid: string | undefined): boolean {
    return lid !== undefined && this.#lids.get(pn) === lid;
  }

  add(users: readonly MovedUser[]): void {
    for (const { pn, lid } of users) {
      this.#lids.delete(pn);
      this.#lids.set(pn, lid);
      if (this.#lids.size <= MAX_USERS) continue;
      const [oldest = ""] = this.#lids.keys();
      this.#lids.delete(oldest);
    }
  }

  /** Something may be under any phone number. */
  clear(): void {
    this.#lids.clear();
  }

  /** Something may be under these phone numbers. */
  delete(phoneNumbers: readonly string[]): void {
    for (const pn of phoneNumbers) this.#lids.delete(pn);
  }
}

/** Groups that are remembered. One that is forgotten costs a query. */
const MAX_GROUPS = 10_000;

/** Groups of which no metadata is stored. */
export class BareGroups {
  readonly #groups = new Set<string>();
  /** How often metadata was stored, or may have been. */
  #puts = 0;

  /** To be passed to `add`: what was stored before it is what the caller goes on to read or delete. */
  get now(): number {
    return this.#puts;
  }

  has(group: string): boolean {
    return this.#groups.has(group);
  }

  /** Nothing is stored of a group, unless something was since `now` was `since`. */
  add(group: string, since: number): void {
    if (since !== this.#puts) return;
    this.#groups.add(group);
    if (this.#groups.size <= MAX_GROUPS) return;
    const [oldest = ""] = this.#groups;
    this.#groups.delete(oldest);
  }

  /** Metadata of a group is about to be stored, was stored, or may have been. */
  stored(group: string): void {
    this.#puts += 1;
    this.#groups.delete(group);
  }
}

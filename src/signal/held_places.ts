import { IdentityConflictError } from "../errors/mod.ts";

/**
 * Addresses and sender key names whose locks are held, and which of their holders began before the account
 * took another identity: what they have loaded belongs to the former one.
 */
export class HeldPlaces {
  readonly #held = new Set<string>();
  readonly #outdated = new Set<string>();

  /** Runs a section that holds the locks of these places, which nobody else does. */
  async hold<T>(places: readonly string[], section: () => Promise<T>): Promise<T> {
    for (const place of places) this.#held.add(place);
    try {
      return await section();
    } finally {
      for (const place of places) {
        this.#held.delete(place);
        this.#outdated.delete(place);
      }
    }
  }

  /** The account has taken another identity. */
  outdate(): void {
    for (const place of this.#held) this.#outdated.add(place);
  }

  /**
   * @param places All that are held when left out.
   * @throws {IdentityConflictError} When the holder of one of them began before the identity changed.
   */
  requireCurrent(places: readonly string[] | undefined): void {
    if (this.#outdated.size === 0) return;
    if (places !== undefined && !places.some((place) => this.#outdated.has(place))) return;
    throw new IdentityConflictError("use Signal state: the account has taken another identity meanwhile");
  }
}

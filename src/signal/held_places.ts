import { IdentityConflictError } from "../errors/mod.ts";

/**
 * Addresses and sender key names whose locks are held. It records which holders began before the account took
 * another identity: their loaded state belongs to the former one.
 */
export class HeldPlaces {
  readonly #held = new Set<string>();
  readonly #outdated = new Set<string>();

  /** Runs a section that holds the exclusive locks of these places. */
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

  /** Called when the account has taken another identity. */
  outdate(): void {
    for (const place of this.#held) this.#outdated.add(place);
  }

  /**
   * @param places Defaults to all held places.
   * @throws {IdentityConflictError} When the holder of one of them began before the identity changed.
   */
  requireCurrent(places: readonly string[] | undefined): void {
    if (this.#outdated.size === 0) return;
    if (places !== undefined && !places.some((place) => this.#outdated.has(place))) return;
    throw new IdentityConflictError("use Signal state: the account has taken another identity");
  }
}

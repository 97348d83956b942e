import { KeyedLock } from "../cache/mod.ts";
import { LimitError } from "../errors/mod.ts";
import { HeldPlaces } from "./held_places.ts";
import type { StatePlaces } from "./state_places.ts";
import { requireAddresses } from "./store_context.ts";

/** Maximum number of attempts when a user's mapping changes while the lock of an address is acquired. */
const MAX_ROUNDS = 64;

/** The locks of canonical addresses and sender key names: see `SignalStoreCache.withAddress`. */
export class PlaceLocks {
  readonly locks: KeyedLock = new KeyedLock();
  readonly held: HeldPlaces = new HeldPlaces();
  readonly #places: StatePlaces;

  constructor(places: StatePlaces) {
    this.#places = places;
  }

  /** Runs `section` with and under the locks of the canonical forms of `texts`. */
  async within<T>(texts: readonly string[], section: (places: readonly string[]) => Promise<T>): Promise<T> {
    requireAddresses("lock address", texts);
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const places = await this.locate(texts);
      const answer = await this.locks.withKeys(places, async () => {
        const now = await allOf(texts, (text) => this.#placeOf(text));
        return now.every((place, index) => place === places[index])
          ? { of: await this.held.hold(places, () => section(places)) }
          : undefined;
      });
      if (answer !== undefined) return answer.of;
    }
    throw new LimitError("lock address: its user's phone number and LID keep changing");
  }

  /** The canonical forms, after state under phone numbers was moved. */
  async locate(texts: readonly string[]): Promise<string[]> {
    requireAddresses("find address", texts);
    return await allOf(texts, (text) => this.#locate(text));
  }

  async #locate(text: string): Promise<string> {
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const place = await this.#placeOf(text);
      if (place !== undefined) return place;
      await this.#places.moveLeftovers(text);
    }
    throw new LimitError("find address: its user's phone number and LID keep changing");
  }

  #placeOf(text: string): Promise<string | undefined> {
    // A sender key name contains a group JID and an address, so it has two `@`.
    return text.indexOf("@") !== text.lastIndexOf("@")
      ? this.#places.ofSenderKey(text)
      : this.#places.ofAddress(text);
  }
}

/** As `Promise.all`, in a third of the time for one item, which most calls have. */
async function allOf<T, R>(items: readonly T[], resultOf: (item: T) => Promise<R>): Promise<R[]> {
  const [first] = items;
  return first !== undefined && items.length === 1
    ? [await resultOf(first)]
    : Promise.all(items.map(resultOf));
}

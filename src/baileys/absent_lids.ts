import type { Clock } from "../ports/mod.ts";

/**
 * Time for which a phone number without a LID is not queried again. Each encryption for it looks the LID up
 * twice.
 */
const NO_LID_MS = 5 * 60_000;

/** Limit of phone numbers. The oldest go. */
const MAX_ABSENT = 10_000;

/** Phone numbers of which the server knew no LID when it was asked last. */
export class AbsentLids {
  readonly #clock: Clock;
  /** When each expires, the oldest first. */
  readonly #expiresAtMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  has(phoneNumber: string): boolean {
    const expiresAtMs = this.#expiresAtMs.get(phoneNumber);
    if (expiresAtMs === undefined) return false;
    const leftMs = expiresAtMs - this.#clock.nowMs();
    // More than the whole time is left when the clock has stepped back.
    if (leftMs > 0 && leftMs <= NO_LID_MS) return true;
    this.#expiresAtMs.delete(phoneNumber);
    return false;
  }

  add(phoneNumber: string): void {
    this.#expiresAtMs.delete(phoneNumber);
    this.#expiresAtMs.set(phoneNumber, this.#clock.nowMs() + NO_LID_MS);
    if (this.#expiresAtMs.size <= MAX_ABSENT) return;
    const [oldest = ""] = this.#expiresAtMs.keys();
    this.#expiresAtMs.delete(oldest);
  }

  /** A mapping of the phone number is known. */
  delete(phoneNumber: string): void {
    this.#expiresAtMs.delete(phoneNumber);
  }
}

import { LimitError } from "../errors/mod.ts";
import type { Admission } from "./registry.ts";

const MINUTE_MS = 60_000;

/** The limits of an account. */
export type AccountLimits = NonNullable<Admission["limits"]>;

/** Counts the requests for one account against its limit. */
export class RequestMeter {
  /** Requests that may come at once. It grows evenly, up to those of a minute. */
  #left = Number.POSITIVE_INFINITY;
  #atMs = 0;

  /** Counts a request. @throws {LimitError} When the limit is reached. The request is not counted. */
  count(nowMs: number, { requestsPerMinute }: AccountLimits): void {
    if (requestsPerMinute === undefined) return;
    const grown = (Math.max(0, nowMs - this.#atMs) * requestsPerMinute) / MINUTE_MS;
    this.#left = Math.min(requestsPerMinute, this.#left + grown);
    this.#atMs = nowMs;
    if (this.#left < 1) throw limitReached({ rule: "requestsPerMinute", allowed: requestsPerMinute });
    this.#left -= 1;
  }
}

/** The error of a limit of an account. */
export function limitReached(limit: NonNullable<LimitError["limit"]>): LimitError {
  return new LimitError(`use account: its limit is reached, ${limit.rule} is ${limit.allowed}`, { limit });
}

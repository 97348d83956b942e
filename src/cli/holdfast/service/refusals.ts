import { prometheusText } from "../../../metrics/mod.ts";

/** The limits of an account. Each has a line, so that it is there before it refuses anything. */
const LIMITS = ["requestsPerMinute", "maxBytes", "maxRows"] as const;

const NAME = "holdfast_refused_requests_total";

/** Counts the requests that limits of accounts have refused. It names no account. */
export class Refusals {
  readonly #counts = new Map<string, number>(LIMITS.map((limit) => [limit, 0]));

  /** Counts a request. @param limit Which one has refused it. */
  count(limit: string): void {
    this.#counts.set(limit, (this.#counts.get(limit) ?? 0) + 1);
  }

  /** The counts, in the text format of Prometheus. */
  text(): string {
    const samples = [...this.#counts].map(([limit, value]) => ({ labels: { limit }, value }));
    const help = "Requests that a limit of their account refused.";
    return prometheusText([{ name: NAME, type: "counter", help, samples }]);
  }
}

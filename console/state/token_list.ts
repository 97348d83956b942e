import { type Signal, signal } from "@preact/signals";
import { type Failure, failureOf, isAborted } from "../api/failure.ts";
import type { Source, TokenRow } from "../api/source.ts";

/** The most tokens that are read. */
const MAX_TOKENS = 10_000;

/** All tokens, read when they are asked for. */
export class TokenList {
  readonly tokens: Signal<readonly TokenRow[] | undefined> = signal<readonly TokenRow[] | undefined>(
    undefined,
  );
  readonly failure: Signal<Failure | undefined> = signal<Failure | undefined>(undefined);
  readonly #source: Source;

  constructor(source: Source) {
    this.#source = source;
  }

  /** Reads the list. A failure leaves what is shown. */
  async read(signal: AbortSignal): Promise<void> {
    try {
      const tokens: TokenRow[] = [];
      let after: string | undefined;
      do {
        const page = await this.#source.tokens(after, signal);
        tokens.push(...page.tokens);
        after = page.next;
      } while (after !== undefined && tokens.length < MAX_TOKENS);
      this.tokens.value = tokens.sort((a, b) => b.createdAtMs - a.createdAtMs);
      this.failure.value = undefined;
    } catch (error) {
      if (!isAborted(error)) this.failure.value = failureOf(error);
    }
  }
}

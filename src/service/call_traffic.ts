import { LimitError } from "../errors/mod.ts";

/** Maximum bytes of all requests that a process carries out at once, and of those for one account. */
const MAX_BYTES: number = 48 * 1_024 * 1_024;
const MAX_ACCOUNT_BYTES: number = 32 * 1_024 * 1_024;

/** Bytes that a request counts as at least: it takes memory besides its body. */
const MIN_REQUEST_BYTES: number = 64 * 1_024;

/** Maximum decoded items of all calls at once, and of those for one account. An item takes some 200 bytes. */
const MAX_ITEMS = 200_000;
const MAX_ACCOUNT_ITEMS = 100_000;

interface Load {
  bytes: number;
  items: number;
}

/** A request that is carried out. */
export interface CallTicket {
  /** Counts decoded items. @throws {LimitError} When there are too many at once. */
  addItems(count: number): void;
  /** Ends the request. */
  leave(): void;
}

/** Bounds the requests that a process carries out at once, for each account and in all. */
export class CallTraffic {
  readonly #all: Load = { bytes: 0, items: 0 };
  /** The accounts that have requests. */
  readonly #accounts = new Map<string, Load>();

  /**
   * Admits a request with a body of this many bytes.
   *
   * @throws {LimitError} When too many bytes are in flight. Nothing of the request was read.
   */
  enter(account: string, bodyBytes: number): CallTicket {
    const bytes = Math.max(bodyBytes, MIN_REQUEST_BYTES);
    const own = this.#accounts.get(account) ?? { bytes: 0, items: 0 };
    if (own.bytes + bytes > MAX_ACCOUNT_BYTES) throw tooMany("bytes", "the account");
    if (this.#all.bytes + bytes > MAX_BYTES) throw tooMany("bytes", "all accounts");
    this.#accounts.set(account, own);
    this.#add(own, "bytes", bytes);
    let items = 0;
    let isOver = false;
    return {
      addItems: (count) => {
        if (own.items + count > MAX_ACCOUNT_ITEMS) throw tooMany("items", "the account");
        if (this.#all.items + count > MAX_ITEMS) throw tooMany("items", "all accounts");
        items += count;
        this.#add(own, "items", count);
      },
      leave: () => {
        if (isOver) return;
        isOver = true;
        this.#add(own, "bytes", -bytes);
        this.#add(own, "items", -items);
        if (own.bytes === 0) this.#accounts.delete(account);
      },
    };
  }

  #add(own: Load, what: keyof Load, amount: number): void {
    own[what] += amount;
    this.#all[what] += amount;
  }
}

function tooMany(what: string, whose: string): LimitError {
  return new LimitError(`call: too many ${what} of ${whose} are in flight`);
}

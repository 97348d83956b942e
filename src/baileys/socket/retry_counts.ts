import type { Account } from "../../account/mod.ts";
import { isText } from "../../backend/mod.ts";
import { PortableCache } from "../../cache/mod.ts";
import type { MessageLog } from "../../message_log/mod.ts";
import { nowSeconds } from "../../ports/mod.ts";
import { summarizeError } from "../../write_behind/mod.ts";

/** Lifetime of a count after it was last set: as in Baileys' own cache. */
const RETRY_COUNT_TTL_MS = 3_600_000;

/** Counts in memory. Older ones are read from the log. */
const MAX_RETRY_COUNTS = 10_000;

/** Greatest count that is stored: a byte. Baileys stops at 5. */
const MAX_RETRY_COUNT = 255;

/** The entries are found by message, not by chat. */
const CHAT = "retries";

/** What Baileys writes for a participant that a 1:1 message does not have. */
const NO_PARTICIPANT = "undefined";

/** A count, and whose it is. */
interface Retries {
  readonly id: string;
  /** The other device; empty for a received 1:1 message. */
  readonly participant: string;
  readonly count: number;
}

/**
 * The socket option `msgRetryCounterCache`: how often a message was sent again, or requested again. Counts
 * are in memory and in the message log, so that a retry loop does not begin anew with each restart.
 */
export class RetryCounts {
  readonly #account: Account;
  readonly #log: MessageLog;
  readonly #cache: PortableCache<string, number>;

  readonly #onRead: (id: string, participant: string) => void;

  /** @param onRead Called when Baileys has read a count above zero. */
  constructor(account: Account, log: MessageLog, onRead: (id: string, participant: string) => void) {
    this.#account = account;
    this.#log = log;
    this.#onRead = onRead;
    this.#cache = new PortableCache({
      clock: account.host.clock,
      capacity: MAX_RETRY_COUNTS,
      ttlMs: RETRY_COUNT_TTL_MS,
    });
    account.onIdentityChanged(() => this.#cache.invalidateAll());
  }

  /**
   * The count of `<message id>:<participant>`. When it cannot be read, it is as if there were none: Baileys
   * would lose the receipt.
   */
  readonly get = async (key: string): Promise<number | undefined> => {
    const { id, participant } = partsOf(key);
    const count = this.#cache.get(key) ?? (await this.#stored(id, participant));
    if (count === undefined || count === 0) return undefined;
    this.#onRead(id, participant);
    return count;
  };

  /** Sets a count. It is durable within the log's `withinMs`. */
  readonly set = (key: string, count: unknown): void => {
    if (!Number.isSafeInteger(count)) return;
    this.#put(key, Math.min(Math.max(0, Number(count)), MAX_RETRY_COUNT));
  };

  readonly del = (key: string): void => this.#put(key, 0);

  readonly flushAll = async (): Promise<void> => {
    this.#cache.invalidateAll();
    await this.#log.forgetChat("retryCount", CHAT);
  };

  /** The greatest count of a message, of any participant. @throws {StoreError} When the read failed. */
  async greatestOf(id: string): Promise<number> {
    const newest = new Map<string, number>();
    for (const { participant, count } of await this.#find(id)) {
      if (!newest.has(participant)) newest.set(participant, count);
    }
    return Math.max(0, ...newest.values());
  }

  async #stored(id: string, participant: string): Promise<number | undefined> {
    if (!isText(id)) return undefined;
    try {
      return (await this.#find(id)).find((entry) => entry.participant === participant)?.count;
    } catch (error) {
      const { code, message } = summarizeError(error);
      const { logger } = this.#account.host;
      logger.log("warn", "baileys: a count of retries is not read", { code, error: message });
      return undefined;
    }
  }

  /** The newest first. */
  async #find(id: string): Promise<Retries[]> {
    const entries = await this.#log.find("retryCount", id);
    return entries.map(({ sender, payload }) => ({ id, participant: sender, count: payload[0] ?? 0 }));
  }

  #put(key: string, count: number): void {
    const { id, participant } = partsOf(key);
    this.#cache.insert(key, count);
    const { clock, logger } = this.#account.host;
    try {
      this.#log.add("retryCount", {
        chat: CHAT,
        sender: participant,
        id,
        payload: new Uint8Array([count]),
        expiresAt: nowSeconds(clock) + RETRY_COUNT_TTL_MS / 1_000,
      });
    } catch (error) {
      const { code, message } = summarizeError(error);
      logger.log("warn", "baileys: a count of retries is not stored", { code, error: message });
    }
  }
}

/** The parts of Baileys' key. No message id contains a colon, and a participant's device does. */
function partsOf(key: string): Pick<Retries, "id" | "participant"> {
  const end = key.indexOf(":");
  const participant = key.slice(end + 1);
  return {
    id: end === -1 ? key : key.slice(0, end),
    participant: end === -1 || participant === NO_PARTICIPANT ? "" : participant,
  };
}

import type { Account } from "../../account/mod.ts";
import type { MessageRef, PendingInbound } from "../../backend/mod.ts";
import { decodePendingMessage, type PendingMessageRecord } from "../../records/mod.ts";
import { logError } from "../../write_behind/mod.ts";

/** Number of handled messages that are remembered, so that a second copy of one is not delivered. */
const MAX_HANDLED = 1_000;

/**
 * State of a pending message.
 *
 * - `landing`: its commit has not ended.
 * - `unsaved`: its commit failed; it may be stored later, with the ratchet's step.
 * - `stored`: durable, but the rest of its stanza is not decrypted yet.
 * - `ready`: to be delivered.
 */
export type PendingState = "landing" | "unsaved" | "stored" | "ready";

/** A received message that is not handled yet. */
export interface PendingMessage {
  readonly key: string;
  readonly ref: MessageRef;
  record: PendingMessageRecord;
  bytes: number;
  state: PendingState;
  /** Whether a row is or may be stored. */
  readonly hasRow: boolean;
  /** Whether an earlier process may have delivered it. */
  readonly isEarlier: boolean;
  attempts: number;
}

/** Limits of {@link PendingMessages}. */
export interface PendingLimits {
  readonly maxPending: number;
  readonly maxPendingBytes: number;
}

/** The received messages of an account that are not handled yet, oldest first, as in `pending_inbound`. */
export class PendingMessages {
  readonly #account: Account;
  readonly #limits: PendingLimits;
  readonly #messages = new Map<string, PendingMessage>();
  readonly #handled = new Set<string>();
  /** Stored messages that could not be decoded. */
  readonly #unreadable = new Set<string>();
  #bytes = 0;
  /** Whether more messages are stored than are in memory. */
  #hasMore = false;

  constructor(account: Account, limits: PendingLimits) {
    this.#account = account;
    this.#limits = limits;
  }

  /** Whether a further message would be beyond a limit. */
  get isFull(): boolean {
    const { maxPending, maxPendingBytes } = this.#limits;
    return this.#hasMore || this.#messages.size >= maxPending || this.#bytes >= maxPendingBytes;
  }

  /** The pending message of a reference. */
  get(ref: MessageRef): PendingMessage | undefined {
    return this.#messages.get(keyOf(ref));
  }

  /** Whether a message was received before: it is pending, or was handled lately. */
  isKnown(ref: MessageRef): boolean {
    const key = keyOf(ref);
    return this.#messages.has(key) || this.#handled.has(key);
  }

  /** Adds a message as the newest one. */
  add(message: PendingMessage): void {
    this.#messages.set(message.key, message);
    this.#bytes += message.bytes;
  }

  /** Replaces what is known of a message. */
  update(message: PendingMessage, record: PendingMessageRecord, bytes: number): void {
    this.#bytes += bytes - message.bytes;
    message.record = record;
    message.bytes = bytes;
  }

  /** The oldest messages that are ready. One that has failed comes alone. */
  next(count: number): PendingMessage[] {
    const batch: PendingMessage[] = [];
    for (const message of this.#messages.values()) {
      if (message.state !== "ready") continue;
      if (batch.length > 0 && message.attempts > 0) break;
      batch.push(message);
      if (batch.length >= count || message.attempts > 0) break;
    }
    return batch;
  }

  /** Removes the rows of handled messages. @throws {StoreError} When the commit failed. */
  async remove(messages: readonly PendingMessage[]): Promise<void> {
    const refs = messages.filter(({ hasRow }) => hasRow).map(({ ref }) => ref);
    if (refs.length > 0) await this.#account.store.deletePendingInbound(refs);
    for (const { key, bytes } of messages) {
      this.#messages.delete(key);
      this.#bytes -= bytes;
      this.#handled.add(key);
    }
    while (this.#handled.size > MAX_HANDLED) {
      const [oldest = ""] = this.#handled;
      this.#handled.delete(oldest);
    }
  }

  /** Leaves out a stored message that cannot be decoded. Its row stays until it expires. */
  setAside({ key, bytes }: PendingMessage, error: unknown): void {
    this.#messages.delete(key);
    this.#bytes -= bytes;
    this.#unreadable.add(key);
    logError(this.#account.host.logger, "inbox: a stored message cannot be decoded", error);
  }

  /**
   * Reads what is stored, when the memory is empty and the store may not be. Resolves at once otherwise.
   *
   * @throws {StoreError} When the read failed.
   */
  async refill(): Promise<void> {
    if (this.#hasMore && this.#messages.size === 0) await this.load();
  }

  /** Reads the oldest stored messages, up to the limits. @throws {StoreError} When the read failed. */
  async load(): Promise<void> {
    const limit = this.#limits.maxPending + this.#unreadable.size + 1;
    const rows = await this.#account.store.listPendingInbound(limit);
    this.#hasMore = rows.length === limit;
    for (const row of rows) {
      const key = keyOf(row);
      if (this.#messages.has(key) || this.#unreadable.has(key)) continue;
      const isBeyond =
        this.#messages.size >= this.#limits.maxPending || this.#bytes >= this.#limits.maxPendingBytes;
      if (isBeyond) {
        this.#hasMore = true;
        break;
      }
      this.#addStored(row, key);
    }
  }

  #addStored({ chat, sender, id, payload }: PendingInbound, key: string): void {
    const message: Omit<PendingMessage, "record"> = {
      key,
      ref: { chat, sender, id },
      bytes: payload.byteLength,
      state: "ready",
      hasRow: true,
      isEarlier: true,
      attempts: 0,
    };
    try {
      this.add({ ...message, record: decodePendingMessage(payload) });
    } catch (error) {
      this.add({ ...message, record: { attributes: {}, plaintexts: [] } });
      this.setAside({ ...message, record: { attributes: {}, plaintexts: [] } }, error);
    }
  }
}

/** The key of a message. A message id alone is not unique among senders. */
export function keyOf({ chat, sender, id }: MessageRef): string {
  return JSON.stringify([chat, sender, id]);
}

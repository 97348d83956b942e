import type { Account } from "../../account/mod.ts";
import { backOffMs, summarizeError } from "../../write_behind/mod.ts";
import { messageOf } from "./inbox_message.ts";
import type { InboxMessage, ResolvedInboxOptions } from "./inbox_options.ts";
import type { BaileysModule, SocketLike } from "./library.ts";
import type { PendingMessage, PendingMessages } from "./pending_messages.ts";
import type { OwnJids } from "./received_stanzas.ts";

/** Pauses after failures, in milliseconds. */
const PAUSES = { firstDelayMs: 1_000, maxDelayMs: 60_000 } as const;

/** Options of {@link MessageDelivery}. */
export interface MessageDeliveryParts {
  readonly baileys: BaileysModule;
  readonly account: Account;
  readonly own: OwnJids;
  readonly pending: PendingMessages;
  readonly options: ResolvedInboxOptions<BaileysModule>;
  /** Called when messages were removed. */
  readonly removed: () => void;
}

/** Passes pending messages to `onMessages`, one batch at a time, while a socket is open. */
export class MessageDelivery {
  readonly #parts: MessageDeliveryParts;
  readonly #task: string;
  /** The open socket. */
  #socket: SocketLike | undefined;
  #isRunning = false;
  #isClosing = false;
  /** Messages that `onMessages` has handled and whose removal has failed. */
  #handled: readonly PendingMessage[] = [];
  /** Failures in a row, and whether the pause after the last one has not ended. */
  #failures = 0;
  #isPaused = false;

  constructor(parts: MessageDeliveryParts) {
    this.#parts = parts;
    const { account } = parts;
    this.#task = `${account.taskPrefix}inbox.retry`;
    const unregister = account.host.scheduler.register(this.#task, async () => {
      this.#isPaused = false;
      this.wake();
    });
    account.onClosing(() => {
      this.#isClosing = true;
      this.#socket = undefined;
      unregister();
    });
  }

  /** A socket has opened, or the last one has ended. */
  open(socket: SocketLike | undefined): void {
    if (this.#isClosing) return;
    this.#socket = socket;
    this.#isPaused = false;
    this.#parts.account.host.scheduler.cancel(this.#task);
    this.wake();
  }

  /** Delivers what is ready. Never rejects. */
  wake(): void {
    if (this.#isRunning || this.#isPaused || this.#socket === undefined) return;
    this.#isRunning = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    try {
      while (this.#socket !== undefined && (await this.#deliver(this.#socket))) this.#failures = 0;
    } catch (error) {
      this.#pause(error);
    } finally {
      this.#isRunning = false;
    }
  }

  /** Delivers one batch. Returns whether there was one. @throws The error of `onMessages` or of a commit. */
  async #deliver(socket: SocketLike): Promise<boolean> {
    const { pending, options } = this.#parts;
    await this.#removeHandled();
    await pending.refill();
    const messages = pending.next(options.batchSize);
    if (messages.length === 0) return false;
    const batch: InboxMessage[] = [];
    for (const message of messages) {
      const item = this.#itemOf(message);
      if (item !== undefined) batch.push(item);
    }
    if (batch.length === 0) return true;
    await options.onMessages(batch, socket);
    this.#handled = messages.filter((message) => pending.get(message.ref) === message);
    await this.#removeHandled();
    return true;
  }

  async #removeHandled(): Promise<void> {
    if (this.#handled.length === 0) return;
    await this.#parts.pending.remove(this.#handled);
    this.#handled = [];
    this.#parts.removed();
  }

  /** A message for `onMessages`; `undefined` when it cannot be decoded. */
  #itemOf(pending: PendingMessage): InboxMessage | undefined {
    const { baileys, own } = this.#parts;
    try {
      const message = messageOf(baileys, pending.record, own);
      const redelivered = pending.isEarlier || pending.attempts > 0;
      pending.attempts += 1;
      const offline = pending.record.attributes.offline !== undefined;
      return { message, redelivered, attempt: pending.attempts, offline };
    } catch (error) {
      this.#parts.pending.setAside(pending, error);
      return undefined;
    }
  }

  #pause(error: unknown): void {
    const { host } = this.#parts.account;
    this.#failures += 1;
    const pauseMs = backOffMs(this.#failures, PAUSES, host.random);
    const { code, message } = summarizeError(error);
    host.logger.log("error", "inbox: messages are not handled, and are passed again", {
      code,
      error: message,
      failures: this.#failures,
      pauseMs,
    });
    if (this.#socket === undefined || this.#parts.account.health().state === "fenced") return;
    this.#isPaused = true;
    host.scheduler.schedule(this.#task, host.clock.nowMs() + pauseMs);
  }
}

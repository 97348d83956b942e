import type { Account } from "../../account/mod.ts";
import { validateWrite, type Write } from "../../backend/mod.ts";
import { BackendError, ClosedError, LimitError } from "../../errors/mod.ts";
import { nowSeconds } from "../../ports/mod.ts";
import { encodePendingMessage, type PendingMessageRecord } from "../../records/mod.ts";
import { summarizeError } from "../../write_behind/mod.ts";
import type { DecryptionFollower } from "../decryption_follower.ts";
import type { Hook } from "./hook.ts";
import { decodeContent, isForUser, plaintextAgain, recordOf } from "./inbox_message.ts";
import type { InboxOptions, ResolvedInboxOptions } from "./inbox_options.ts";
import { resolveInboxOptions } from "./inbox_options.ts";
import type { BaileysModule, SocketLike } from "./library.ts";
import { MessageDelivery } from "./message_delivery.ts";
import { withoutPadding } from "./padding.ts";
import { keyOf, type PendingMessage, PendingMessages } from "./pending_messages.ts";
import type { OwnJids, ReceivedStanza, ReceivedStanzas } from "./received_stanzas.ts";

/** Options of {@link inbox}. */
export interface InboxParts {
  readonly baileys: BaileysModule;
  readonly account: Account;
  readonly stanzas: ReceivedStanzas;
  readonly own: OwnJids;
  readonly options: InboxOptions;
}

/** The used part of Baileys' event `connection.update`. */
interface ConnectionUpdate {
  readonly connection?: unknown;
}

/**
 * Received messages at least once: the plaintext becomes durable in the commit of its ratchet's step, before
 * Baileys acknowledges the message, and stays until `onMessages` has handled it.
 *
 * @throws {TypeError | RangeError} When an option is malformed.
 * @throws {StoreError} When stored messages could not be read.
 */
export async function inbox(parts: InboxParts): Promise<Hook> {
  const options = resolveInboxOptions(parts.options);
  const pending = new PendingMessages(parts.account, options);
  await pending.load();
  const received = new ReceivedMessages(parts, options, pending);
  return { decryptions: received, follow: (socket) => received.follow(socket) };
}

/** A decryption that waits for room. */
interface Waiter {
  readonly stanza: ReceivedStanza;
  readonly proceed: () => void;
  readonly refuse: (error: Error) => void;
}

class ReceivedMessages implements DecryptionFollower {
  readonly #parts: InboxParts;
  readonly #options: ResolvedInboxOptions<BaileysModule>;
  readonly #pending: PendingMessages;
  readonly #delivery: MessageDelivery;
  readonly #task: string;
  readonly #waiters = new Set<Waiter>();
  #isClosing = false;
  /** The message whose stanza has further ciphertexts. */
  #unfinished: PendingMessage | undefined;

  /** @param pending What an earlier process has left. */
  constructor(parts: InboxParts, options: ResolvedInboxOptions<BaileysModule>, pending: PendingMessages) {
    const { baileys, account, own } = parts;
    this.#parts = parts;
    this.#options = options;
    this.#pending = pending;
    this.#delivery = new MessageDelivery({
      baileys,
      account,
      own,
      pending,
      options,
      removed: () => this.#makeRoom(),
    });
    this.#task = `${account.taskPrefix}inbox.wait`;
    const unregister = account.host.scheduler.register(this.#task, async () => this.#giveUp());
    account.onClosing(() => {
      this.#isClosing = true;
      for (const { stanza } of this.#waiters) stanza.connection.end(closing());
      this.#refuseEnded(closing());
      unregister();
    });
  }

  follow(socket: SocketLike): () => void {
    const updated = ({ connection }: ConnectionUpdate): void => {
      if (connection === "open") this.#delivery.open(socket);
    };
    socket.ev.on("connection.update", updated);
    return () => {
      socket.ev.off("connection.update", updated);
      this.#delivery.open(undefined);
      this.#refuseEnded();
    };
  }

  admit(ciphertext: Uint8Array): Promise<void> | undefined {
    const stanza = this.#parts.stanzas.of(ciphertext);
    if (stanza === undefined) return undefined;
    if (this.#unfinished !== undefined && this.#unfinished !== this.#pendingOf(stanza)) this.#finish();
    // What is refused on an open connection, Baileys would acknowledge.
    if (this.#isClosing) stanza.connection.end(closing());
    if (stanza.connection.hasEnded) {
      return Promise.reject(new ClosedError("receive message: the connection has ended"));
    }
    const { ref } = stanza;
    if (ref === undefined || stanza.isPeer || this.#pending.isKnown(ref) || !this.#pending.isFull) {
      return undefined;
    }
    return new Promise((proceed, refuse) => {
      const { clock, scheduler } = this.#parts.account.host;
      if (this.#waiters.size === 0) scheduler.schedule(this.#task, clock.nowMs() + this.#options.maxWaitMs);
      this.#waiters.add({ stanza, proceed, refuse });
    });
  }

  decrypted(ciphertext: Uint8Array, plaintext: Uint8Array): readonly Write[] {
    const stanza = this.#parts.stanzas.of(ciphertext);
    if (stanza === undefined) {
      this.#log("error", "inbox: a message came over a socket that is not bound; call holdfast.bind(socket)");
      return [];
    }
    const content = withoutPadding(plaintext);
    if (content === undefined || stanza.ref === undefined || stanza.isPeer) return [];
    stanza.plaintexts.push(content);
    const message = decodeContent(this.#parts.baileys, content);
    if (message === undefined || !isForUser(message)) return [];
    const earlier = this.#pending.get(stanza.ref);
    // A second copy of the message, and not a further part of this stanza.
    if (this.#pending.isKnown(stanza.ref) && (earlier === undefined || earlier !== this.#unfinished))
      return [];
    return this.#add(stanza, stanza.ref, earlier);
  }

  landed(ciphertext: Uint8Array): void {
    const pending = this.#messageOf(ciphertext);
    if (pending?.state === "landing") pending.state = "stored";
  }

  unsaved(ciphertext: Uint8Array, error: unknown): void {
    const stanza = this.#parts.stanzas.of(ciphertext);
    const pending = this.#messageOf(ciphertext);
    if (pending?.state === "landing") pending.state = "unsaved";
    const { code, message } = summarizeError(error);
    this.#log("error", "inbox: a message could not be stored; the connection is closed", {
      code,
      error: message,
    });
    // Otherwise Baileys would refuse the message, and the server would not deliver it again.
    stanza?.connection.end(new BackendError("receive message: it could not be stored", { cause: error }));
  }

  async recall(ciphertext: Uint8Array): Promise<Uint8Array | undefined> {
    const stanza = this.#parts.stanzas.of(ciphertext);
    const pending = stanza && this.#pendingOf(stanza);
    if (stanza === undefined || pending === undefined || stanza.connection.hasEnded) return undefined;
    const { baileys } = this.#parts;
    const content = pending.record.plaintexts.find((each) => {
      const message = decodeContent(baileys, each);
      return message !== undefined && isForUser(message);
    });
    if (content === undefined) return undefined;
    if (pending.state === "unsaved") {
      try {
        await this.#save(pending);
      } catch (error) {
        this.unsaved(ciphertext, error);
        throw error;
      }
      pending.state = "stored";
      this.#unfinished = pending;
    }
    return plaintextAgain(baileys, content);
  }

  settled(ciphertext: Uint8Array): void {
    const stanza = this.#parts.stanzas.of(ciphertext);
    if (stanza === undefined) return;
    stanza.left -= 1;
    if (stanza.left <= 0 && this.#unfinished !== undefined && this.#unfinished === this.#pendingOf(stanza)) {
      this.#finish();
    }
  }

  /** Adds a message, or a further part of it. Returns the write that stores it. */
  #add(
    stanza: ReceivedStanza,
    ref: NonNullable<ReceivedStanza["ref"]>,
    earlier: PendingMessage | undefined,
  ): readonly Write[] {
    const record = recordOf(stanza);
    const write = this.#writeOf(ref, record);
    const bytes = write?.rows[0]?.payload.byteLength ?? 0;
    if (earlier !== undefined) {
      this.#pending.update(earlier, record, bytes);
      if (write === undefined) return [];
      earlier.state = "landing";
      return [write];
    }
    const pending: PendingMessage = {
      key: keyOf(ref),
      ref,
      record,
      bytes,
      state: write === undefined ? "stored" : "landing",
      hasRow: write !== undefined,
      isEarlier: false,
      attempts: 0,
    };
    this.#pending.add(pending);
    this.#unfinished = pending;
    return write === undefined ? [] : [write];
  }

  /** The write of a message; `undefined` when the store cannot take it: it is then in memory alone. */
  #writeOf(
    ref: NonNullable<ReceivedStanza["ref"]>,
    record: PendingMessageRecord,
  ): Extract<Write, { kind: "pendingInbound.put" }> | undefined {
    const { store, host } = this.#parts.account;
    try {
      const payload = encodePendingMessage(record);
      const row = { ...ref, payload, receivedAt: nowSeconds(host.clock) };
      const write = { kind: "pendingInbound.put", rows: [row] } as const;
      validateWrite(write, store.capabilities);
      return write;
    } catch (error) {
      const { code, message } = summarizeError(error);
      this.#log("error", "inbox: a message cannot be stored, and is delivered from memory", {
        code,
        error: message,
      });
      return undefined;
    }
  }

  /** Stores a message whose commit has failed. The step of its ratchet may have brought it since. */
  async #save({ ref, record }: PendingMessage): Promise<void> {
    const { account } = this.#parts;
    await account.writeBehind.flush();
    const { chat, sender, id } = ref;
    if ((await account.store.getPendingInbound(chat, sender, id)) !== undefined) return;
    const write = this.#writeOf(ref, record);
    if (write !== undefined) await account.store.storePendingInbound(write.rows);
  }

  /** The rest of the stanza is decrypted, or will not be. */
  #finish(): void {
    if (this.#unfinished?.state === "stored") this.#unfinished.state = "ready";
    this.#unfinished = undefined;
    this.#delivery.wake();
  }

  #messageOf(ciphertext: Uint8Array): PendingMessage | undefined {
    const stanza = this.#parts.stanzas.of(ciphertext);
    return stanza && this.#pendingOf(stanza);
  }

  #pendingOf({ ref }: ReceivedStanza): PendingMessage | undefined {
    return ref && this.#pending.get(ref);
  }

  #makeRoom(): void {
    if (this.#pending.isFull) return;
    const [first] = this.#waiters;
    if (first === undefined) return;
    this.#waiters.delete(first);
    if (this.#waiters.size === 0) this.#parts.account.host.scheduler.cancel(this.#task);
    first.proceed();
  }

  /** No room in time: the server keeps what is not acknowledged, and nothing piles up in memory. */
  #giveUp(): void {
    const error = new LimitError("receive message: too many messages are not handled yet");
    this.#log("error", "inbox: too many messages are not handled yet; the connection is closed");
    for (const { stanza } of this.#waiters) stanza.connection.end(error);
    this.#refuseEnded(error);
  }

  /** Ends the waits of connections that have ended. */
  #refuseEnded(error: Error = new ClosedError("receive message: the connection has ended")): void {
    for (const waiter of [...this.#waiters]) {
      if (!waiter.stanza.connection.hasEnded) continue;
      this.#waiters.delete(waiter);
      waiter.refuse(error);
    }
    if (this.#waiters.size === 0) this.#parts.account.host.scheduler.cancel(this.#task);
  }

  #log(level: "error", message: string, fields: Record<string, string | undefined> = {}): void {
    this.#parts.account.host.logger.log(level, message, fields);
  }
}

function closing(): ClosedError {
  return new ClosedError("receive message: the account is closed");
}

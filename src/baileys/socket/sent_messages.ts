import type { Account } from "../../account/mod.ts";
import { isText } from "../../backend/mod.ts";
import { requireFunction, requireObject, requireType } from "../../errors/mod.ts";
import { type LogEntry, type MessageLog, messageLog } from "../../message_log/mod.ts";
import { nowSeconds } from "../../ports/mod.ts";
import { logError, requirePositive, summarizeError } from "../../write_behind/mod.ts";
import { bindingOf } from "../binding.ts";
import type { SignalRepositoryLike } from "../library_types.ts";
import type { Hook } from "./hook.ts";
import type { BaileysModule, SocketLike } from "./library.ts";
import { chatOf, mayBeSame, otherNameOf } from "./message_chat.ts";
import { withoutPadding } from "./padding.ts";
import { type Send, SendCapture, type SendingSocket } from "./send_capture.ts";
import { readStoredMessage } from "./stored_message.ts";

/** How long a sent message is kept, in milliseconds. */
const DEFAULT_RETENTION_MS = 86_400_000;

/** Options of the sent messages that are kept for retry receipts. */
export interface SentMessagesOptions {
  /**
   * A sent message is durable this many milliseconds after it left. Defaults to 4,500. Greater values cost
   * fewer rows.
   */
  readonly withinMs?: number | undefined;
  /**
   * Whether a message is durable before its frame leaves, so that no crash loses one. Each message then costs
   * a commit, and a message that cannot be stored is not sent. Defaults to false.
   */
  readonly beforeFrame?: boolean | undefined;
  /** How long a message is kept, in milliseconds. Defaults to 24 hours. */
  readonly retentionMs?: number | undefined;
  /** Stored bytes of all messages of the account; the oldest go. Defaults to 64 MiB. */
  readonly maxBytes?: number | undefined;
}

/** The sent messages that are kept for retry receipts. They are message content. */
export interface SentMessages {
  /**
   * Removes all messages that were sent to a chat, from memory and the database.
   *
   * @param chat The JID of a group or of a user, by phone number or LID.
   * @throws {TypeError} When it is no JID.
   * @throws {StoreError} When the database failed: some may be left in it.
   */
  forget(chat: string): Promise<void>;
}

/** The used part of a message's key. */
interface KeyLike {
  readonly id?: string | null | undefined;
  readonly remoteJid?: string | null | undefined;
}

/** The socket option. */
interface SentMessageOptions {
  readonly getMessage: (key: KeyLike) => Promise<object | undefined>;
}

/**
 * Remembers what is sent, for the socket option `getMessage`: Baileys asks for it when a device could not
 * decrypt a message, and for the event that an encrypted response belongs to.
 *
 * A message is taken as it is encrypted, before its frame leaves. It is found by its id, in the chat with the
 * user who asks; a user's other name counts as the same chat, and so does a name that is not known to be
 * another user's. Finding it does not remove it: each device asks for itself.
 *
 * @throws {TypeError} When an option has another type, or the module is not Baileys 7.
 * @throws {RangeError} When a number is not a positive integer.
 * @throws {StoreError} When the stored messages could not be listed.
 */
export async function sentMessages(
  baileys: BaileysModule,
  account: Account,
  options: SentMessagesOptions = {},
): Promise<Hook<SentMessageOptions> & SentMessages> {
  requireObject("use Holdfast: sentMessages", options);
  requireFunction("use Holdfast: proto.Message.decode of the Baileys module", baileys.proto?.Message?.decode);
  requireFunction("use Holdfast: generateMessageIDV2 of the Baileys module", baileys.generateMessageIDV2);
  const { withinMs, maxBytes, retentionMs = DEFAULT_RETENTION_MS, beforeFrame = false } = options;
  requirePositive("use Holdfast: sentMessages.retentionMs", retentionMs);
  requireType("use Holdfast: sentMessages.beforeFrame", beforeFrame, "boolean");
  const log = await messageLog(account);
  log.configure("message", { withinMs, maxBytes });
  return new SentMessagesHook({ baileys, account, log, retentionMs, isBeforeFrame: beforeFrame });
}

interface Parts {
  readonly baileys: BaileysModule;
  readonly account: Account;
  readonly log: MessageLog;
  readonly retentionMs: number;
  readonly isBeforeFrame: boolean;
}

class SentMessagesHook implements Hook<SentMessageOptions>, SentMessages {
  readonly options: SentMessageOptions = { getMessage: (key) => this.#answer(key) };
  readonly #parts: Parts;
  readonly #capture: SendCapture;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#capture = new SendCapture(parts.baileys.generateMessageIDV2, (send) => this.#sent(send));
  }

  repository(inner: SignalRepositoryLike): SignalRepositoryLike {
    return {
      ...inner,
      encryptMessage: (options) => {
        const ready = this.#encrypting(options.jid, options.data);
        return ready === undefined
          ? inner.encryptMessage(options)
          : ready.then(() => inner.encryptMessage(options));
      },
      encryptGroupMessage: (options) => {
        const ready = this.#encrypting(options.group, options.data);
        return ready === undefined
          ? inner.encryptGroupMessage(options)
          : ready.then(() => inner.encryptGroupMessage(options));
      },
    };
  }

  follow(socket: SocketLike): () => void {
    return this.#capture.follow(socket as SendingSocket);
  }

  async forget(chat: string): Promise<void> {
    const name = chatOf(chat);
    if (name === undefined) throw new TypeError("forget sent messages: chat is not a JID");
    const { account, log } = this.#parts;
    const other = await otherNameOf(account, name);
    for (const each of other === undefined ? [name] : [name, other]) await log.forgetChat("message", each);
  }

  /**
   * Takes what is encrypted for a device or a group. @returns When the ciphertext may be made, where it has
   * to wait.
   */
  #encrypting(jid: string, data: Uint8Array): Promise<void> | undefined {
    const send = this.#capture.current;
    if (send === undefined || send.isTaken) return send?.ready;
    const [chat, to] = [chatOf(send.jid), chatOf(jid)];
    // Members of a group get our sender key one by one; the message itself goes to the group.
    if (chat === undefined || to === undefined || (isShared(chat) && to !== chat)) return undefined;
    if (this.#isOwn(to) && !this.#isOwn(chat)) send.own = data;
    else this.#keep(send, chat, data);
    return send.ready;
  }

  /** A message that only our own devices got. */
  #sent(send: Send): Promise<void> | undefined {
    const chat = chatOf(send.jid);
    if (!send.isTaken && send.own !== undefined && chat !== undefined) this.#keep(send, chat, send.own);
    return send.ready;
  }

  #keep(send: Send, chat: string, data: Uint8Array): void {
    const { log, account, retentionMs, isBeforeFrame } = this.#parts;
    const { clock, logger } = account.host;
    send.isTaken = true;
    const expiresAt = nowSeconds(clock) + Math.ceil(retentionMs / 1_000);
    try {
      log.add("message", { chat, sender: "", id: send.id, payload: withoutPadding(data) ?? data, expiresAt });
      if (isBeforeFrame) send.ready = log.makeDurable("message");
    } catch (error) {
      // Baileys goes on with the devices for which nothing throws, so all of them have to.
      if (isBeforeFrame) send.ready = Promise.reject(error);
      const { code, message } = summarizeError(error);
      logger.log("warn", "baileys: a sent message is not kept for retry receipts", { code, error: message });
    }
  }

  #isOwn(chat: string): boolean {
    const { told } = bindingOf(this.#parts.account);
    return told.isOwn(chat.slice(0, chat.indexOf("@")));
  }

  async #answer(key: KeyLike): Promise<object | undefined> {
    const { baileys, account, log } = this.#parts;
    try {
      if (!isText(key?.id)) return undefined;
      const chat = chatOf(key.remoteJid);
      const entries = await log.find("message", key.id, (entry) => entry.chat === chat);
      const entry = await this.#choose(entries, chat);
      return entry && readStoredMessage(baileys.proto, entry.payload);
    } catch (error) {
      logError(account.host.logger, "baileys: a sent message could not be read", error);
      return undefined;
    }
  }

  /** The entry of the chat in which a device asks. Encrypted responses name us where they mean our chat. */
  async #choose(entries: readonly LogEntry[], chat: string | undefined): Promise<LogEntry | undefined> {
    const exact = entries.find((entry) => entry.chat === chat);
    if (exact !== undefined || entries.length === 0) return exact;
    if (chat === undefined || this.#isOwn(chat)) return entries[0];
    const otherName = await otherNameOf(this.#parts.account, chat);
    return entries.find((entry) => mayBeSame(chat, otherName, entry.chat));
  }
}

/** Whether a message to this chat is encrypted once for all. */
function isShared(chat: string): boolean {
  return chat.endsWith("@g.us") || chat.endsWith("@broadcast");
}

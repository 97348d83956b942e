import type { Account } from "../../account/mod.ts";
import type { LogEntry, MessageLog } from "../../message_log/mod.ts";
import { nowSeconds } from "../../ports/mod.ts";
import { summarizeError } from "../../write_behind/mod.ts";
import type { DecryptionFollower } from "../decryption_follower.ts";
import type { Hook } from "./hook.ts";
import { decodeContent } from "./inbox_message.ts";
import type { BaileysModule } from "./library.ts";
import { withoutPadding } from "./padding.ts";
import type { ReceivedStanzas } from "./received_stanzas.ts";
import { type SecretPolicy, secretExpiry, secretIn } from "./secret_policy.ts";

/** Options of {@link SecretLog}. */
export interface SecretLogParts {
  readonly baileys: BaileysModule;
  readonly account: Account;
  readonly log: MessageLog;
  readonly policy: SecretPolicy;
}

/** The secret of a message, and who sent the message. */
export interface KnownSecret {
  readonly secret: Uint8Array;
  /** JID of the sender without device; empty when we sent it from this device. */
  readonly sender: string;
}

/**
 * The secrets of messages, in the message log. The secret of a message that this device has sent stands in
 * the stored message, and gets an entry of its own when that expires.
 */
export class SecretLog {
  readonly #parts: SecretLogParts;

  constructor(parts: SecretLogParts) {
    this.#parts = parts;
    if (parts.policy === "off") return;
    parts.log.onExpire("message", (entries) => entries.flatMap((entry) => this.#survivorOf(entry)));
  }

  /** Captures secrets in decryption: later, the one of our other devices' messages is lost. */
  hook(stanzas: ReceivedStanzas): Hook {
    if (this.#parts.policy === "off") return {};
    const decryptions: DecryptionFollower = {
      decrypted: (ciphertext, plaintext) => {
        const stanza = stanzas.of(ciphertext);
        const content = withoutPadding(plaintext);
        if (stanza?.ref === undefined || stanza.isPeer || content === undefined) return [];
        const { t } = stanza.node.attrs;
        this.#keep(content, stanza.ref, Number(t));
        return [];
      },
    };
    return { decryptions };
  }

  /**
   * The known secrets of a message id, those of received messages first.
   *
   * @throws {CorruptError} When a stored segment with this id does not decode.
   * @throws {StoreError} When the read failed.
   */
  async find(id: string): Promise<KnownSecret[]> {
    const { log, baileys } = this.#parts;
    const received = await log.find("secret", id, () => true);
    // A message that has expired is removed within hours, and its secret then gets an entry of its own.
    const sent = await log.findWithExpired("message", id);
    return [
      ...received.map(({ payload, sender }) => ({ secret: payload, sender })),
      ...sent.flatMap(({ payload, sender }) => {
        const message = decodeContent(baileys, payload);
        const secret = message && secretIn(message);
        return secret === undefined ? [] : [{ secret, sender }];
      }),
    ];
  }

  /** Keeps the secret of a received message, if it has one that the policy wants. Never throws. */
  #keep(content: Uint8Array, ref: Pick<LogEntry, "chat" | "sender" | "id">, sentAtS: number): void {
    const { baileys, account, log, policy } = this.#parts;
    const message = decodeContent(baileys, content);
    const secret = message && secretIn(message);
    if (secret === undefined) return;
    const nowS = nowSeconds(account.host.clock);
    const expiresAt = secretExpiry(policy, message, {
      chat: ref.chat,
      sentAtS: Number.isSafeInteger(sentAtS) && sentAtS >= 0 ? sentAtS : nowS,
    });
    if (expiresAt === undefined || expiresAt <= nowS) return;
    try {
      log.add("secret", { ...ref, payload: secret, expiresAt });
    } catch (error) {
      const { code, message: reason } = summarizeError(error);
      account.host.logger.log("warn", "secrets: the secret of a message is not kept", {
        code,
        error: reason,
      });
    }
  }

  /** The secret of a sent message whose segment is removed. */
  #survivorOf({ chat, sender, id, payload, expiresAt }: LogEntry): { kind: "secret"; entry: LogEntry }[] {
    const { baileys, account, policy } = this.#parts;
    const message = decodeContent(baileys, payload);
    const secret = message && secretIn(message);
    if (secret === undefined) return [];
    // A stored message is removed at its end or before it, so it was sent before then.
    const nowS = nowSeconds(account.host.clock);
    const until = secretExpiry(policy, message, { chat, sentAtS: Math.min(nowS, expiresAt) });
    if (until === undefined || until <= nowS) return [];
    return [{ kind: "secret", entry: { chat, sender, id, payload: secret, expiresAt: until } }];
  }
}

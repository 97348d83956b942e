import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { Account } from "../../account/mod.ts";
import { isText } from "../../backend/mod.ts";
import { encodeUtf8, isBytes, joinBytes } from "../../bytes/mod.ts";
import { requireObject } from "../../errors/mod.ts";
import type { BaileysModule, ReceivedMessage } from "./library.ts";
import { chatOf, otherNameOf } from "./message_chat.ts";
import type { SecretLog } from "./message_secrets.ts";
import type { OwnJids } from "./received_stanzas.ts";

/**
 * The result of a decryption with the secret of another message.
 *
 * - `decrypted`: the content, decoded.
 * - `unknownSecret`: the secret of the poll, event or message is not known: it was not received, has expired,
 *   or is not kept by the policy.
 * - `undecryptable`: no known secret decrypts it: it was changed, or encrypted for another message.
 * - `malformed`: the message has no such part, or a part of it is invalid.
 */
export type SecretPayload<Content> =
  | { readonly outcome: "decrypted"; readonly content: Content }
  | { readonly outcome: "unknownSecret" | "undecryptable" | "malformed" };

/**
 * Decrypts what is encrypted with the secret of another message. Each function takes a received message, as
 * `messages.upsert` shows it, and tries the phone number and the LID of both senders.
 *
 * Each throws `TypeError` when its argument is no message, and `StoreError` when a read failed.
 */
export interface MessageSecrets<Module extends BaileysModule> {
  /** Decrypts a vote: the SHA-256 of each chosen option's name. */
  decryptPollVote(
    message: ReceivedMessage<Module>,
  ): Promise<SecretPayload<ReturnType<Module["proto"]["Message"]["PollVoteMessage"]["decode"]>>>;
  /** Decrypts a response to an event. */
  decryptEventResponse(
    message: ReceivedMessage<Module>,
  ): Promise<SecretPayload<ReturnType<Module["proto"]["Message"]["EventResponseMessage"]["decode"]>>>;
  /**
   * Decrypts an edit of a message or an event: the message that the sender encrypted. The new content of an
   * edited message is its `protocolMessage.editedMessage`.
   */
  decryptEdit(
    message: ReceivedMessage<Module>,
  ): Promise<SecretPayload<ReturnType<Module["proto"]["Message"]["decode"]>>>;
}

/** Length of an AES-GCM nonce and of its tag, in bytes. */
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Length of an AES-256 key in bytes. */
const KEY_BYTES = 32;

/** Maximum nesting of a message, such as a vote in a disappearing message. */
const MAX_DEPTH = 5;

/** Baileys' messages. */
// biome-ignore lint/suspicious/noExplicitAny: the types of messages are Baileys' own.
type AnyMessage = any;

/** A part of a message that is encrypted with the secret of another one. */
interface Encrypted {
  /** Names the key in its derivation. */
  readonly useCase: string;
  /** Whether the message id and the sender are authenticated. */
  readonly isBound: boolean;
  /** Key of the other message. */
  // biome-ignore lint/suspicious/noExplicitAny: see `AnyMessage`.
  readonly target: any;
  readonly encPayload: unknown;
  readonly encIv: unknown;
  /** Decodes the content. */
  readonly decode: (bytes: Uint8Array) => AnyMessage;
}

/** Options of {@link messageSecrets}. */
export interface MessageSecretsParts {
  readonly baileys: BaileysModule;
  readonly account: Account;
  readonly own: OwnJids;
  readonly secrets: SecretLog;
}

/** The functions that decrypt with stored secrets. */
export function messageSecrets(parts: MessageSecretsParts): MessageSecrets<BaileysModule> {
  const { Message } = parts.baileys.proto;
  return {
    decryptPollVote: (message) =>
      decrypt(parts, message, "pollUpdateMessage", (part) => ({
        useCase: "Poll Vote",
        isBound: true,
        target: part.pollCreationMessageKey,
        encPayload: part.vote?.encPayload,
        encIv: part.vote?.encIv,
        decode: (bytes) => Message.PollVoteMessage.decode(bytes),
      })),
    decryptEventResponse: (message) =>
      decrypt(parts, message, "encEventResponseMessage", (part) => ({
        useCase: "Event Response",
        isBound: true,
        target: part.eventCreationMessageKey,
        encPayload: part.encPayload,
        encIv: part.encIv,
        decode: (bytes) => Message.EventResponseMessage.decode(bytes),
      })),
    decryptEdit: (message) =>
      decrypt(parts, message, "secretEncryptedMessage", (part) => {
        const { EVENT_EDIT, MESSAGE_EDIT } = Message.SecretEncryptedMessage.SecretEncType;
        const useCases = new Map([
          [MESSAGE_EDIT, "Message Edit"],
          [EVENT_EDIT, "Event Edit"],
        ]);
        const useCase = useCases.get(part.secretEncType);
        if (useCase === undefined) return undefined;
        return {
          useCase,
          isBound: false,
          target: part.targetMessageKey,
          encPayload: part.encPayload,
          encIv: part.encIv,
          decode: (bytes) => Message.decode(bytes),
        };
      }),
  };
}

async function decrypt(
  parts: MessageSecretsParts,
  message: AnyMessage,
  name: string,
  read: (part: AnyMessage) => Encrypted | undefined,
): Promise<SecretPayload<AnyMessage>> {
  requireObject("decrypt with secret: the message", message);
  requireObject("decrypt with secret: the message's key", message.key);
  const part = partOf(message.message, name);
  const encrypted = part && read(part);
  if (encrypted === undefined) return { outcome: "malformed" };
  const { encPayload, encIv, target, decode } = encrypted;
  const isWellFormed =
    isBytes(encPayload) && encPayload.length >= TAG_BYTES && isBytes(encIv) && encIv.length === IV_BYTES;
  if (!isWellFormed || !isText(target?.id)) return { outcome: "malformed" };
  const known = await parts.secrets.find(target.id);
  if (known.length === 0) return { outcome: "unknownSecret" };
  const authors = await namesOf(parts, authorsIn(message.key, parts.own()));
  const named = await namesOf(parts, [
    ...authorsIn(target, parts.own()),
    // A key names itself from its sender's side: "mine" is then the author's.
    ...(target.fromMe === true ? authors : []),
  ]);
  for (const { secret, sender } of known) {
    const own = Object.values(parts.own());
    const creators = new Set([...(await namesOf(parts, sender === "" ? own : [sender])), ...named]);
    for (const creator of creators) {
      for (const author of authors) {
        const key = keyOf(encrypted, secret, { id: target.id, creator, author });
        const bytes = open(parts.baileys, { encPayload, encIv }, key);
        if (bytes !== undefined) return decoded(decode, bytes);
      }
    }
  }
  return { outcome: "undecryptable" };
}

/** A part of a message, also inside of wrappers. */
function partOf(content: AnyMessage, name: string, depth = 0): AnyMessage | undefined {
  if (typeof content !== "object" || content === null || depth > MAX_DEPTH) return undefined;
  if (typeof content[name] === "object" && content[name] !== null) return content[name];
  for (const value of Object.values(content) as AnyMessage[]) {
    const found = value?.message && partOf(value.message, name, depth + 1);
    if (found !== undefined && found !== null) return found;
  }
  return undefined;
}

/** Who has written the message of a key, under the names that the key has. */
function authorsIn(key: AnyMessage, own: ReturnType<OwnJids>): string[] {
  if (key.fromMe === true) return [own.lid, own.id];
  const names = [key.participant, key.participantAlt];
  return names.some(isName) ? names.filter(isName) : [key.remoteJid, key.remoteJidAlt].filter(isName);
}

function isName(name: unknown): name is string {
  return typeof name === "string" && name !== "";
}

/** The phone numbers and LIDs of users, as JIDs without device. */
async function namesOf({ account }: MessageSecretsParts, jids: readonly string[]): Promise<string[]> {
  const names = new Set<string>();
  for (const jid of jids) {
    const name = chatOf(jid);
    if (name === undefined) continue;
    names.add(name);
    const otherName = await otherNameOf(account, name);
    if (otherName !== undefined) names.add(otherName);
  }
  return [...names];
}

/** The key of a part, and what is authenticated with it. */
function keyOf(
  { useCase, isBound }: Encrypted,
  secret: Uint8Array,
  { id, creator, author }: { readonly id: string; readonly creator: string; readonly author: string },
): { readonly key: Uint8Array; readonly additionalData: Uint8Array } {
  const info = joinBytes([id, creator, author, useCase].map((text) => encodeUtf8(text)));
  return {
    key: hkdf(sha256, secret, undefined, info, KEY_BYTES),
    additionalData: encodeUtf8(isBound ? `${id}\0${author}` : ""),
  };
}

/** Decrypts; `undefined` when the tag is wrong. */
function open(
  baileys: BaileysModule,
  { encPayload, encIv }: { readonly encPayload: Uint8Array; readonly encIv: Uint8Array },
  { key, additionalData }: ReturnType<typeof keyOf>,
): Uint8Array | undefined {
  try {
    return baileys.aesDecryptGCM(encPayload, key, encIv, additionalData);
  } catch {
    return undefined;
  }
}

function decoded(decode: Encrypted["decode"], bytes: Uint8Array): SecretPayload<AnyMessage> {
  try {
    return { outcome: "decrypted", content: decode(bytes) };
  } catch {
    return { outcome: "malformed" };
  }
}

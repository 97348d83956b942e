import type { PendingMessageRecord } from "../../records/mod.ts";
import type { BaileysModule, ReceivedMessage } from "./library.ts";
import { childrenOf } from "./node.ts";
import type { OwnJids, ReceivedStanza } from "./received_stanzas.ts";

/** Parts of a message that tell nothing to a user. */
const INNER_PARTS: readonly string[] = [
  "senderKeyDistributionMessage",
  "fastRatchetKeySenderKeyDistributionMessage",
  "messageContextInfo",
];

/** The messages of Baileys' module that this file reads and builds. */
// biome-ignore lint/suspicious/noExplicitAny: the types of messages are Baileys' own.
type AnyMessage = any;

/** Decodes a plaintext without padding; `undefined` when it is malformed. */
export function decodeContent({ proto }: BaileysModule, content: Uint8Array): AnyMessage | undefined {
  try {
    return proto.Message.decode(content);
  } catch {
    return undefined;
  }
}

/** The message itself: one of our other devices wraps what it has sent. */
export function unwrapped(message: AnyMessage): AnyMessage {
  return message.deviceSentMessage?.message ?? message;
}

/** Whether a decoded message has something for the user, such as a text, and not a sender key alone. */
export function isForUser(message: AnyMessage): boolean {
  const inner = unwrapped(message);
  return Object.keys(inner).some(
    (name) => !INNER_PARTS.includes(name) && inner[name] !== null && inner[name] !== undefined,
  );
}

/** What is stored of a stanza and its plaintexts. */
export function recordOf({ node, plaintexts }: ReceivedStanza): PendingMessageRecord {
  const [verifiedName] = childrenOf(node, "verified_name").flatMap(({ content }) =>
    content instanceof Uint8Array ? [content] : [],
  );
  const counts = childrenOf(node, "enc").map(({ attrs }) => Number(attrs.count));
  const retryCount = counts.find((count) => Number.isInteger(count) && count > 0);
  const attributes = Object.entries(node.attrs).flatMap(([name, value]) =>
    typeof value === "string" ? [[name, value] as const] : [],
  );
  return {
    attributes: Object.fromEntries(attributes),
    plaintexts: [...plaintexts],
    ...(verifiedName === undefined ? {} : { verifiedName }),
    ...(retryCount === undefined ? {} : { retryCount }),
  };
}

/**
 * Builds the message that Baileys shows in `messages.upsert` for a stored one.
 *
 * @throws {Error} When the attributes or the plaintexts are malformed.
 */
export function messageOf<Module extends BaileysModule>(
  baileys: Module,
  { attributes, plaintexts, verifiedName, retryCount }: PendingMessageRecord,
  own: OwnJids,
): ReceivedMessage<Module> {
  const { proto } = baileys;
  const { id, lid } = own();
  const { fullMessage } = baileys.decodeMessageNode({ tag: "message", attrs: attributes }, id, lid);
  for (const plaintext of plaintexts) {
    const message = unwrapped(proto.Message.decode(plaintext));
    if (fullMessage.message) Object.assign(fullMessage.message, message);
    else fullMessage.message = message;
  }
  if (verifiedName !== undefined) {
    const { details } = proto.VerifiedNameCertificate.decode(verifiedName);
    fullMessage.verifiedBizName = proto.VerifiedNameCertificate.Details.decode(details).verifiedName;
  }
  if (retryCount !== undefined) fullMessage.retryCount = retryCount;
  baileys.cleanMessage(fullMessage, id, lid);
  return fullMessage;
}

/**
 * A plaintext as the repository returns it, for a message that is decrypted again. Without the sender key,
 * which would take the sender's ratchet back.
 */
export function plaintextAgain({ proto }: BaileysModule, content: Uint8Array): Uint8Array {
  const message = proto.Message.decode(content);
  message.senderKeyDistributionMessage = undefined;
  const encoded: Uint8Array = proto.Message.encode(message).finish();
  const padded = new Uint8Array(encoded.length + 1);
  padded.set(encoded);
  padded[encoded.length] = 1;
  return padded;
}

import { ArgumentRangeError } from "../../errors/mod.ts";
import { unwrapped } from "./inbox_message.ts";

/**
 * Which secrets of messages are kept, and for how long. The secret of a poll decrypts its votes, that of an
 * event its responses, and that of any message its edits.
 *
 * - `managed`: all, as long as something that they decrypt is expected: 30 days for a message, 90 days for a
 *   poll or an event, 30 days in a chat with a bot.
 * - `botOnly`: those in chats with bots.
 * - `full`: all, until they take up 64 MiB; then the oldest are removed.
 * - `off`: none.
 */
export type SecretPolicy = "managed" | "botOnly" | "full" | "off";

/** What a secret belongs to. */
type SecretKind = "text" | "poll" | "event" | "bot";

const DAY_S = 86_400;

/** How long secrets are kept after their message, in seconds. The Rust client uses the same times. */
const MESSAGE_HORIZON_S = 30 * DAY_S;
const POLL_HORIZON_S = 90 * DAY_S;
const EVENT_HORIZON_S = 90 * DAY_S;
const BOT_HORIZON_S = 30 * DAY_S;

const HORIZONS_S: Readonly<Record<SecretKind, number>> = {
  text: MESSAGE_HORIZON_S,
  poll: POLL_HORIZON_S,
  event: EVENT_HORIZON_S,
  bot: BOT_HORIZON_S,
};

/** Length of a secret in bytes. */
const SECRET_BYTES = 32;

/** Maximum nesting of a message, such as a poll in a disappearing message. */
const MAX_DEPTH = 5;

/** Contents that nothing refers to with a secret. */
const WITHOUT_SECRET: readonly string[] = [
  "encReactionMessage",
  "pollUpdateMessage",
  "protocolMessage",
  "reactionMessage",
];

/** A decoded message of Baileys. */
// biome-ignore lint/suspicious/noExplicitAny: the types of messages are Baileys' own.
type AnyMessage = any;

/** @throws {RangeError} When it is no policy. */
export function requireSecretPolicy(policy: SecretPolicy): void {
  if (["managed", "botOnly", "full", "off"].includes(policy)) return;
  throw new ArgumentRangeError('use Holdfast: secrets is not "managed", "botOnly", "full" or "off"');
}

/**
 * The secret of a message; `undefined` when it has none. One of our other devices has it outside of the
 * message that it has sent.
 */
export function secretIn(message: AnyMessage): Uint8Array | undefined {
  const places = [message, unwrapped(message)];
  for (const { messageContextInfo } of places) {
    const secret: unknown = messageContextInfo?.messageSecret;
    if (secret instanceof Uint8Array && secret.length === SECRET_BYTES) return new Uint8Array(secret);
  }
  return undefined;
}

/**
 * When the secret of a message expires.
 *
 * @param chat JID of the chat.
 * @param sentAtS Unix seconds of the message.
 * @returns Unix seconds; `undefined` when the policy does not keep it.
 */
export function secretExpiry(
  policy: SecretPolicy,
  message: AnyMessage,
  { chat, sentAtS }: { readonly chat: string; readonly sentAtS: number },
): number | undefined {
  if (policy === "off") return undefined;
  const content = unwrapped(message);
  const kind = isBotChat(chat) || message.messageContextInfo?.botMetadata ? "bot" : kindOf(content);
  if (kind === undefined || (policy === "botOnly" && kind !== "bot")) return undefined;
  return policy === "full" ? Number.MAX_SAFE_INTEGER : sentAtS + HORIZONS_S[kind];
}

function isBotChat(chat: string): boolean {
  return chat.endsWith("@bot");
}

/** What a message is; `undefined` when nothing will refer to it. */
function kindOf(content: AnyMessage, depth = 0): SecretKind | undefined {
  const names = Object.keys(content).filter((name) => isSet(content[name]));
  if (names.some((name) => WITHOUT_SECRET.includes(name))) return undefined;
  if (names.some((name) => name.startsWith("pollCreationMessage"))) return "poll";
  if (names.includes("eventMessage")) return "event";
  // A wrapper, such as that of a disappearing message.
  const inner = names.map((name) => content[name].message).find(isSet);
  return inner === undefined || depth === MAX_DEPTH ? "text" : kindOf(inner, depth + 1);
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
}

import { describe, expect, test } from "vitest";
import { requireSecretPolicy, type SecretPolicy, secretExpiry, secretIn } from "./secret_policy.ts";

const DAY_S = 86_400;
const SENT = { chat: "1@lid", sentAtS: 1_000 };
const messageContextInfo = { messageSecret: new Uint8Array(32).fill(7) };

/** Days for which the secret of a message is kept. */
function days(policy: SecretPolicy, message: object, chat = SENT.chat): number | undefined {
  const expiresAt = secretExpiry(policy, message, { ...SENT, chat });
  return expiresAt === undefined ? undefined : (expiresAt - SENT.sentAtS) / DAY_S;
}

describe("secretExpiry", () => {
  const text = { conversation: "a", messageContextInfo };
  const poll = { pollCreationMessageV3: { name: "a" }, messageContextInfo };
  const event = { eventMessage: { name: "a" }, messageContextInfo };
  const ofBot = { conversation: "a", messageContextInfo: { ...messageContextInfo, botMetadata: {} } };

  test("keeps each kind as long as it is used", () => {
    expect([text, poll, event].map((message) => days("managed", message))).toEqual([30, 90, 90]);
    expect(days("managed", text, "867051314767696@bot")).toBe(30);
    expect(days("managed", { deviceSentMessage: { message: poll }, messageContextInfo })).toBe(90);
    expect(days("managed", { ephemeralMessage: { message: poll } })).toBe(90);
    expect(days("managed", { pollCreationMessageV4: { message: { pollCreationMessage: {} } } })).toBe(90);
  });

  test("keeps nothing that no later message refers to", () => {
    for (const name of ["reactionMessage", "pollUpdateMessage", "protocolMessage"]) {
      expect(days("full", { [name]: {}, messageContextInfo }), name).toBeUndefined();
    }
  });

  test("follows the policy", () => {
    expect(days("off", poll)).toBeUndefined();
    expect(days("botOnly", poll)).toBeUndefined();
    expect(days("botOnly", text, "867051314767696@bot")).toBe(30);
    expect(days("botOnly", ofBot)).toBe(30);
    expect(secretExpiry("full", text, SENT)).toBe(Number.MAX_SAFE_INTEGER);
  });

  test("refuses an unknown policy", () => {
    expect(() => requireSecretPolicy("all" as SecretPolicy)).toThrow(RangeError);
  });
});

describe("secretIn", () => {
  test("reads the secret beside a message that another device has sent", () => {
    const message = { deviceSentMessage: { message: { conversation: "a" } }, messageContextInfo };
    expect(secretIn(message)).toEqual(messageContextInfo.messageSecret);
    expect(secretIn({ deviceSentMessage: { message: { messageContextInfo } } })).toEqual(
      messageContextInfo.messageSecret,
    );
  });

  test("ignores a secret of another length", () => {
    expect(secretIn({ messageContextInfo: { messageSecret: new Uint8Array(31) } })).toBeUndefined();
    expect(secretIn({ conversation: "a" })).toBeUndefined();
  });
});

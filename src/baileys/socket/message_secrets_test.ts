import * as baileys from "baileys";
import { describe, expect, test } from "vitest";
import { type Account, openAccount } from "../../account/mod.ts";
import { MemoryDatabase, memoryBackend } from "../../adapters/memory/mod.ts";
import { type MessageLog, messageLog } from "../../message_log/mod.ts";
import { type FakeHost, fakeHost } from "../../testing/mod.ts";
import { SecretLog } from "./message_secrets.ts";
import { type ReceivedStanza, type ReceivedStanzas, StanzaConnection } from "./received_stanzas.ts";
import type { SecretPolicy } from "./secret_policy.ts";

const DAY_S = 86_400;
const CHAT = "100000000000001@lid";
const messageContextInfo = { messageSecret: new Uint8Array(32).fill(7) };

interface World {
  readonly host: FakeHost;
  readonly account: Account;
  readonly log: MessageLog;
  readonly secrets: SecretLog;
  readonly nowS: () => number;
}

async function world(policy: SecretPolicy): Promise<World> {
  const host = fakeHost();
  const account = await openAccount({
    backend: memoryBackend({ database: new MemoryDatabase(), clock: host.clock }),
    host,
  });
  const log = await messageLog(account);
  const secrets = new SecretLog({ baileys, account, log, policy });
  return { host, account, log, secrets, nowS: () => Math.floor(host.clock.nowMs() / 1_000) };
}

/** Passes a received message to the hook, as the Signal repository does. */
function receive({ secrets, nowS }: World, id: string, message: baileys.proto.IMessage, ageS = 0): void {
  const ciphertext = new Uint8Array(1);
  const stanza: Partial<ReceivedStanza> = {
    ref: { chat: CHAT, sender: CHAT, id },
    isPeer: false,
    node: { tag: "message", attrs: { t: String(nowS() - ageS) } },
    connection: new StanzaConnection({} as never),
  };
  const stanzas = { of: () => stanza } as unknown as ReceivedStanzas;
  const plaintext = Buffer.concat([baileys.proto.Message.encode(message).finish(), Uint8Array.of(1)]);
  expect(secrets.hook(stanzas).decryptions?.decrypted(ciphertext, plaintext) ?? []).toEqual([]);
}

const secretsOf = async ({ secrets }: World, id: string): Promise<number> => (await secrets.find(id)).length;

/** Lets time pass, and the tasks run that become due. */
async function pass({ host, log, account }: World, days: number): Promise<void> {
  await host.scheduler.advance(days * DAY_S * 1_000);
  await log.expire();
  await account.flush();
}

describe("SecretLog", () => {
  test("keeps the secret of a received message until it expires", async () => {
    const here = await world("managed");
    receive(here, "TEXT", { conversation: "a", messageContextInfo });
    receive(here, "POLL", { pollCreationMessage: { name: "a" }, messageContextInfo });
    expect(await here.secrets.find("TEXT")).toEqual([
      { secret: messageContextInfo.messageSecret, sender: CHAT },
    ]);
    await pass(here, 31);
    expect([await secretsOf(here, "TEXT"), await secretsOf(here, "POLL")]).toEqual([0, 1]);
    await pass(here, 60);
    expect(await secretsOf(here, "POLL")).toBe(0);
    expect(await here.account.store.listMessageSegments("secret", 0, 10)).toEqual([]);
  });

  test("keeps no secret that has expired, and none by policy", async () => {
    const managed = await world("managed");
    receive(managed, "OLD", { conversation: "a", messageContextInfo }, 31 * DAY_S);
    receive(managed, "NONE", { conversation: "a" });
    const off = await world("off");
    receive(off, "TEXT", { conversation: "a", messageContextInfo });
    expect(
      await Promise.all([secretsOf(managed, "OLD"), secretsOf(managed, "NONE"), secretsOf(off, "TEXT")]),
    ).toEqual([0, 0, 0]);
  });

  test("finds the secret of a sent message before and after that is removed", async () => {
    const here = await world("managed");
    const payload = baileys.proto.Message.encode({
      pollCreationMessage: { name: "a" },
      messageContextInfo,
    }).finish();
    const expiresAt = here.nowS() + DAY_S;
    here.log.add("message", { chat: CHAT, sender: "", id: "POLL", payload, expiresAt });
    await here.account.flush();
    // Its end has come, and its segment is not removed yet.
    here.host.clock.advance((DAY_S + 60) * 1_000);
    expect(await here.log.find("message", "POLL")).toEqual([]);
    expect(await secretsOf(here, "POLL")).toBe(1);
    await pass(here, 1);
    expect(await here.account.store.listMessageSegments("message", 0, 10)).toEqual([]);
    expect(await secretsOf(here, "POLL")).toBe(1);
    await pass(here, 90);
    expect(await secretsOf(here, "POLL")).toBe(0);
  });
});

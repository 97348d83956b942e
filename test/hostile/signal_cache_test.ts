/**
 * Wrong types for every argument of the Signal cache: an error that names it, and nothing that stays dirty.
 */
import { expect, test } from "vitest";
import { openAccount } from "../../mod.ts";
import { memoryBackend } from "../../src/adapters/memory/mod.ts";
import { SenderKeyRecord, SessionRecord, signalCache } from "../../src/exports/signal.ts";
import { faultOf } from "./hostile_calls.ts";
import { hostileKinds } from "./hostile_values.ts";
import { sessionRecord } from "./live_objects.ts";

const PEER = "100000000000002:2@lid.0";
const OTHER = "100000000000003:2@lid.0";
const NAME = `120363000000000001@g.us:${PEER}`;

test("signalCache answers wrong types with errors and keeps nothing dirty", async () => {
  const account = await openAccount({ backend: memoryBackend(), saverIntervalMs: "manual" });
  const cache = signalCache(account);
  await cache.sessions.put(PEER, sessionRecord());
  await account.flush();
  // biome-ignore lint/suspicious/noExplicitAny: values of wrong types are the point.
  const calls: Readonly<Record<string, (value: any) => unknown>> = {
    "sessions.put record": (value) => cache.sessions.put(PEER, value),
    "sessions.put new": (value) => cache.sessions.put(OTHER, value),
    "sessions.put address": (value) => cache.sessions.put(value, new SessionRecord()),
    "sessions.put options": (value) => cache.sessions.put(PEER, sessionRecord(), { consumedPreKeyId: value }),
    "sessions.load": (value) => cache.sessions.load(value),
    "sessions.loadMany": (value) => cache.sessions.loadMany([value]),
    "sessions.has": (value) => cache.sessions.has(value),
    "sessions.delete": (value) => cache.sessions.delete(value),
    "sessions.consumePreKey": (value) => cache.sessions.consumePreKey(PEER, value),
    "senderKeys.put record": (value) => cache.senderKeys.put(NAME, value),
    "senderKeys.put name": (value) => cache.senderKeys.put(value, new SenderKeyRecord()),
    "identities.put address": (value) => cache.identities.put(value, new Uint8Array(32)),
    "identities.put key": (value) => cache.identities.put(PEER, value),
    "identities.load": (value) => cache.identities.load(value),
    "identities.delete": (value) => cache.identities.delete(value),
    withAddress: (value) => cache.withAddress(value, async () => {}),
    "withAddress section": (value) => cache.withAddress(PEER, value),
    withSenderKey: (value) => cache.withSenderKey(value, async () => {}),
    withPlaces: (value) => cache.withPlaces([PEER, value], async () => {}),
    locate: (value) => cache.locate([value]),
    sendable: (value) => cache.sendable(value),
    "sendable steps": (value) => cache.sendable(PEER, { steps: value }),
    publishable: (value) => cache.publishable(value),
    "publishable item": (value) => cache.publishable([value]),
    makeDurable: (value) => cache.makeDurable(value),
    makeLossesDurable: (value) => cache.makeLossesDurable(value),
    deleteSenderKey: (value) => cache.deleteSenderKey(value),
    deleteSessions: (value) => cache.deleteSessions(value),
    "deleteSessions users": (value) => cache.deleteSessions({ users: value, where: () => true }),
    moveUser: (value) => cache.moveUser(value, "100000000000009"),
    moveUsers: (value) => cache.moveUsers(value),
    usersToMove: (value) => cache.usersToMove([value]),
    change: (value) => cache.change(value, () => undefined),
    "change item": (value) => cache.change([value], () => undefined),
    "change record": (value) => cache.change([{ store: "session", address: OTHER, value }], () => undefined),
    onEvent: (value) => cache.onEvent(value),
  };
  const faults: string[] = [];
  for (const [name, call] of Object.entries(calls)) {
    for (const { name: kind, value } of hostileKinds()) {
      try {
        await call(value);
      } catch (error) {
        const fault = faultOf(error);
        if (fault !== undefined) faults.push(`${name}(${kind}) ${fault}`);
      }
    }
  }
  expect(faults).toEqual([]);
  const { isolated } = await account.flush();
  expect(isolated).toEqual([]);
  expect(account.health().pending).toMatchObject({ must: 0, may: 0 });
  expect(cache.sessions.peek(PEER)).toBeDefined();
  await account.close();
});

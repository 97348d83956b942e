import { describe, expect, test } from "vitest";
import { memoryBackend } from "../adapters/memory/mod.ts";
import type { CommitOptions, Write } from "../backend/mod.ts";
import { openAccount } from "./mod.ts";

const SESSION: Write = { kind: "session.put", address: "1000@lid.0", record: new Uint8Array([1]) };
const MALFORMED: Write = { ...SESSION, address: "nul\0" };

/** An open account, and the commits that arrive at its backend. */
async function watchedAccount() {
  const backend = memoryBackend();
  const commit = backend.commit.bind(backend);
  const arrived: (CommitOptions & { readonly kinds: readonly string[] })[] = [];
  backend.commit = (writes, options) => {
    arrived.push({ kinds: writes.map(({ kind }) => kind), ...options });
    return commit(writes, options);
  };
  const account = await openAccount({ backend, saverIntervalMs: "manual", housekeeping: false });
  arrived.length = 0;
  return { account, arrived };
}

// A commit that arrives `checked` is not checked again: see the next suite.
describe("an open account checks once, where a write enters", () => {
  test("account.store", async () => {
    const { account, arrived } = await watchedAccount();
    await account.store.putSession("1000@lid.0", new Uint8Array([1]));
    await expect(account.store.commit([MALFORMED])).rejects.toThrow("session.put: address contains a NUL");
    expect(arrived.map(({ kinds, checked }) => ({ kinds, checked }))).toEqual([
      { kinds: ["session.put"], checked: true },
    ]);
    await account.close();
  });

  test("commitWith, the device and what is dirty", async () => {
    const { account, arrived } = await watchedAccount();
    account.device.processCommand({ kind: "setPushName", pushName: "Ada" });
    await account.writeBehind.commitWith([SESSION]);
    await expect(account.writeBehind.commitWith([MALFORMED])).rejects.toThrow(TypeError);
    expect(() => account.device.processCommand({ kind: "setPushName", pushName: "\0" })).toThrow(TypeError);
    expect(arrived.map(({ kinds, checked }) => ({ kinds, checked }))).toEqual([
      { kinds: ["device.save", "session.put"], checked: true },
    ]);
    await account.close();
  });

  test("items of a flushable, when they are collected", async () => {
    const { account, arrived } = await watchedAccount();
    account.writeBehind.addFlushable({
      name: "flushable",
      pending: () => ({ must: 2, may: 0, bytes: 1, oldestAtMs: 0 }),
      collect: () =>
        [SESSION, MALFORMED].map((write, index) => ({
          key: `item ${index}`,
          generation: 1,
          urgency: "must",
          writes: [write],
        })),
      applyOutcome: () => {},
    });
    const { committed, isolated } = await account.writeBehind.flush();
    expect({ committed, isolated: isolated.map(({ key }) => key) }).toEqual({
      committed: 1,
      isolated: ["item 1"],
    });
    expect(arrived).toMatchObject([{ kinds: ["session.put"], checked: true }]);
  });
});

describe("Backend.commit checked", () => {
  test("trusts the caller, and checks what comes without", async () => {
    const backend = memoryBackend();
    await expect(backend.commit([MALFORMED])).rejects.toThrow(TypeError);
    await expect(backend.commit([MALFORMED], { checked: false })).rejects.toThrow(TypeError);
    expect(await backend.commit([MALFORMED], { checked: true })).toEqual([1]);
  });
});

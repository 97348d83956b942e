/** Real sockets over `useHoldfast`, against a local server. */
import * as baileys from "baileys";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { openAccount } from "../../mod.ts";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import { useHoldfast } from "../../src/baileys/mod.ts";
import { BackendError, FencedError } from "../../src/errors/mod.ts";
import { FaultPlan, faultyCommitter } from "../../src/testing/mod.ts";
import { element, type WhatsAppServer } from "../support/whatsapp/mod.ts";
import { ended, HoldfastBot, type HoldfastBotOptions } from "./holdfast_bot.ts";
import { serverForEachTest } from "./server_for_each.ts";

const ANNA = "15550000001";

let server: WhatsAppServer;
const opened = serverForEachTest((started) => {
  server = started;
});

async function openBot(options: Partial<HoldfastBotOptions> = {}): Promise<HoldfastBot> {
  const bot = await HoldfastBot.open({ server, pn: ANNA, ...options });
  opened.push(bot);
  return bot;
}

/** Counts the events of a bot. */
function counted(bot: HoldfastBot): { loggedOut: number; fenced: number } {
  const count = { loggedOut: 0, fenced: 0 };
  for (const event of ["loggedOut", "fenced"] as const) {
    bot.holdfast.on(event, () => {
      count[event] += 1;
    });
  }
  return count;
}

/** Fails when a promise is rejected without a handler during the test. */
function expectHandledPromises(): void {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on("unhandledRejection", note);
  onTestFinished(async () => {
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
  });
}

describe("useHoldfast", () => {
  test("is the same for each call with an account", async () => {
    const { holdfast, account } = await openBot();
    expect(await useHoldfast(baileys, account)).toBe(holdfast);
    await expect(useHoldfast({ ...baileys }, account)).rejects.toThrow(/another Baileys module/);
  });

  test("rejects what is no Baileys module, account or options", async () => {
    const { account } = await openBot();
    const bad: [unknown, unknown, unknown][] = [
      [undefined, account, {}],
      [{}, account, {}],
      [baileys, undefined, {}],
      [baileys, {}, {}],
      [baileys, account, 1],
    ];
    for (const [module, over, options] of bad) {
      await expect(useHoldfast(module as never, over as never, options as never)).rejects.toThrow(TypeError);
    }
  });
});

describe("BaileysHoldfast.bind", () => {
  test("saves the credentials that the server tells", async () => {
    const bot = await openBot();
    const socket = await bot.online();
    socket.ev.emit("creds.update", { platform: "iphone" });
    await vi.waitFor(() => expect(bot.account.health().state).toBe("idle"));
    const reader = await openAccount({ backend: memoryBackend({ database: bot.database }) });
    opened.push(reader);
    expect(reader.device.getDeviceSnapshot().platform).toBe("iphone");
  });

  test("says the code of a failed save and saves it later", async () => {
    expectHandledPromises();
    const plan = new FaultPlan();
    const bot = await openBot({ wrap: (backend) => faultyCommitter(backend, plan) });
    const socket = await bot.online();
    plan.always(new BackendError("commit: the disk is full"));
    socket.ev.emit("creds.update", { platform: "iphone" });
    const isLogged = { message: "baileys: credentials are not saved yet", fields: { code: "failed" } };
    await vi.waitFor(
      () =>
        expect(bot.logger.entries).toContainEqual(
          expect.objectContaining({
            message: isLogged.message,
            fields: expect.objectContaining(isLogged.fields),
          }),
        ),
      { timeout: 10_000 },
    );
    plan.always("pass");
    await bot.account.flush();
    expect(bot.account.device.getDeviceSnapshot().platform).toBe("iphone");
    expect(bot.account.health().state).toBe("idle");
  });

  test("goes on with the next socket after a lost connection", async () => {
    const bot = await openBot();
    const socket = await bot.online();
    const end = ended(socket);
    server.disconnect(bot.jid);
    await end;
    const next = await bot.online();
    next.ev.emit("creds.update", { platform: "next" });
    expect(bot.account.device.getDeviceSnapshot().platform).toBe("next");
  });

  test("leaves the former socket when the next one is bound", async () => {
    const bot = await openBot();
    const former = await bot.online();
    const next = bot.connect();
    bot.holdfast.config.auth.creds.platform = "next";
    former.ev.emit("creds.update", {});
    expect(bot.account.device.getDeviceSnapshot().platform).not.toBe("next");
    next.ev.emit("creds.update", {});
    expect(bot.account.device.getDeviceSnapshot().platform).toBe("next");
    await former.end(undefined);
  });

  test("stops following when its result is called, twice too", async () => {
    const bot = await openBot();
    const socket = await bot.online();
    const count = counted(bot);
    const unbind = bot.holdfast.bind(socket);
    unbind();
    unbind();
    server.send(bot.jid, element("failure", { reason: "401", location: "test" }));
    await ended(socket);
    expect(count.loggedOut).toBe(0);
  });

  test("rejects what is no socket", async () => {
    const bot = await openBot();
    for (const bad of [undefined, {}, { ev: { on() {} } }]) {
      expect(() => bot.holdfast.bind(bad as never)).toThrow(TypeError);
    }
  });
});

describe("loggedOut", () => {
  test.each([
    ["failure 401", element("failure", { reason: "401", location: "test" }), 1],
    ["a removed device", streamError("401", "device_removed"), 1],
    ["failure 403", element("failure", { reason: "403", location: "test" }), 0],
    ["a replaced connection (440)", streamError(undefined, "replaced"), 0],
    ["a restart (515)", element("stream:error", { code: "515" }), 0],
  ])("after %s", async (_name, node, times) => {
    const bot = await openBot();
    const count = counted(bot);
    const socket = await bot.online();
    const end = ended(socket);
    server.send(bot.jid, node);
    await end;
    expect(count).toEqual({ loggedOut: times, fenced: 0 });
    expect(bot.account.device.isRegistered, "the account is kept").toBe(true);
  });

  test("after the socket's own logout", async () => {
    const bot = await openBot();
    const count = counted(bot);
    const socket = await bot.online();
    const end = ended(socket);
    await socket.logout().catch(() => {});
    await end;
    expect(count.loggedOut).toBe(1);
  });

  // Baileys takes the status of a failed WebSocket upgrade for a reason to disconnect.
  test("not after the 401 of a proxy", async () => {
    const bot = await openBot();
    const count = counted(bot);
    const socket = await bot.online();
    const error = Object.assign(new Error("WebSocket Error (Unexpected server response: 401)"), {
      output: { statusCode: baileys.DisconnectReason.loggedOut },
      data: new Error("Unexpected server response: 401"),
    });
    await socket.end(error);
    expect(count.loggedOut).toBe(0);
  });

  test("ignores and logs the errors of listeners", async () => {
    expectHandledPromises();
    const bot = await openBot();
    bot.holdfast.on("loggedOut", () => {
      throw new Error("secret");
    });
    bot.holdfast.on("loggedOut", async () => {
      throw new Error("secret");
    });
    const count = counted(bot);
    const socket = await bot.online();
    const end = ended(socket);
    server.send(bot.jid, element("failure", { reason: "401", location: "test" }));
    await end;
    expect(count.loggedOut).toBe(1);
    expect(bot.logger.messages("error").filter((message) => /listener failed/.test(message))).toHaveLength(2);
    expect(bot.logger.text).not.toContain("secret");
  });
});

describe("fenced", () => {
  /** Opens the account in another place, and lets the first one notice. */
  async function takeOver(bot: HoldfastBot): Promise<void> {
    opened.push(await openAccount({ backend: memoryBackend({ database: bot.database }) }));
    bot.account.device.processCommand({ kind: "setPushName", pushName: "late" });
    await expect(bot.account.flush()).rejects.toThrow(FencedError);
  }

  test("ends the socket and tells it once", async () => {
    expectHandledPromises();
    const bot = await openBot({ database: new MemoryDatabase() });
    const count = counted(bot);
    const socket = await bot.online();
    const end = ended(socket);
    await takeOver(bot);
    expect(await end).toBeInstanceOf(FencedError);
    expect(count).toEqual({ loggedOut: 0, fenced: 1 });
    expect(bot.logger.messages("error").join("\n")).toMatch(/the account is not saved any more/);
  });

  test("ends a socket that is bound afterwards, before it connects", async () => {
    const bot = await openBot({ database: new MemoryDatabase() });
    const count = counted(bot);
    await takeOver(bot);
    expect(count.fenced).toBe(1);
    expect(await ended(bot.connect())).toBeInstanceOf(FencedError);
    await expect(useHoldfast(baileys, bot.account)).rejects.toThrow(FencedError);
    expect(count.fenced).toBe(1);
  });
});

/** A stream error of a conflict. */
function streamError(code: string | undefined, type: string): baileys.BinaryNode {
  return element("stream:error", { code }, [element("conflict", { type })]);
}

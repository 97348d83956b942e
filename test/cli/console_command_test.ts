/** `holdfast console` as a process: beside an owner, over a service, and who it answers to. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { openAccount } from "../../src/account/mod.ts";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { listen } from "../../src/cli/listen.ts";
import type { AccountDetail, AccountPage, ConsoleInfo } from "../../src/console/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { sealing } from "../../src/sealing/mod.ts";
import { memoryService } from "../http/local_service.ts";
import { ADMIN_TOKEN } from "../kit/service.ts";
import { dose } from "../support/dose.ts";
import { ConsoleProcess } from "./console_process.ts";
import { digestsOf, fill, openFile, openFilled, sendOnce } from "./holdfast_world.ts";
import { ROOT_TOKEN, ServiceProcess } from "./service_process.ts";

const root = mkdtempSync(join(tmpdir(), "holdfast-shown-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A folder of its own, for a file whose bytes are compared. */
function place(name: string): string {
  mkdirSync(join(root, name));
  return join(root, name, "bot.db");
}

async function verified(shown: ConsoleProcess, account: string): Promise<string> {
  return await (await shown.ask(`/v1/console/accounts/${account}/verify`)).text();
}

describe("holdfast console", () => {
  test("shows a file beside a sending owner, fences no one and writes no byte", async () => {
    const path = place("beside");
    const owner = await openFilled(path, "shop");
    await using shown = await ConsoleProcess.start(path);
    const sends = dose({ short: 30, long: 500 });
    for (let step = 1; step <= sends; step += 1) {
      await sendOnce(owner, step);
      // What the owner has written is shown at once.
      const { accounts } = await shown.read<AccountPage>("/v1/console/accounts");
      expect(accounts).toMatchObject([{ name: "shop", health: "elsewhere", owner: { epoch: 1 } }]);
      if (step % 10 !== 0) continue;
      const before = digestsOf(join(root, "beside"));
      const detail = await shown.read<AccountDetail>("/v1/console/accounts/shop");
      expect(detail.tables.find(({ table }) => table === "session")?.rows).toBe(6);
      expect(await verified(shown, "shop")).toContain("event: done");
      expect(digestsOf(join(root, "beside"))).toEqual(before);
    }
    expect(owner.stats()).toMatchObject({ fences: 0, consecutiveFailures: 0, ownerEpoch: 1 });
    await owner.close();
    const after = await shown.read<AccountDetail>("/v1/console/accounts/shop");
    expect(after.owner?.epoch).toBe(1);
    expect(readdirSync(join(root, "beside"))).not.toContain("bot.db-journal");
    expect(await shown.stop()).toBe(0);
  });

  test("leaves a file at rest to an owner between two requests, and changes no byte of it", async () => {
    const path = place("rest");
    await (await openFilled(path, "shop")).close();
    const before = digestsOf(join(root, "rest"));
    await using shown = await ConsoleProcess.start(path);
    expect(shown.readyMs).toBeLessThan(dose({ short: 20_000, long: 2_000 }));
    for (let n = 0; n < 5; n += 1) await shown.read("/v1/console/accounts/shop");
    expect(digestsOf(join(root, "rest"))).toEqual(before);
    const owner = await openFile(path, "shop");
    await sendOnce(owner, 1);
    await owner.close();
  });

  test("does not hold more and more files open", async () => {
    const path = place("many");
    await (await openFilled(path, "shop")).close();
    await using shown = await ConsoleProcess.start(path);
    const files = () => readdirSync(`/proc/${shown.child.pid}/fd`).length;
    for (let n = 0; n < 20; n += 1) await shown.read("/v1/console/accounts");
    const before = files();
    const looks = dose({ short: 100, long: 2_000 });
    for (let n = 0; n < looks; n += 1) await shown.read("/v1/console/accounts");
    expect(files()).toBeLessThan(before + 100);
  });

  test("is read-only, and answers to this machine and its token alone", async () => {
    const path = place("who");
    await (await openFilled(path, "shop")).close();
    await using shown = await ConsoleProcess.start(path);
    const info = await shown.read<ConsoleInfo>("/v1/console");
    expect(info).toMatchObject({ kind: "file", readOnly: true, actions: [], live: false });
    const { port } = new URL(shown.origin);
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`])
      expect(await shown.statusFor(host)).toBe(200);
    for (const host of [
      "evil.example",
      `evil.example:${port}`,
      "127.0.0.1.evil.example",
      "[::1]",
      "x@127.0.0.1",
    ])
      expect([400, 421], host).toContain(await shown.statusFor(host));
    expect((await fetch(`${shown.origin}/v1/console`)).status).toBe(401);
    const wrong = { headers: { authorization: `Bearer ${shown.token.slice(0, -1)}x` } };
    expect((await shown.ask("/v1/console", wrong)).status).toBe(401);
    const body = JSON.stringify({ confirm: "shop" });
    const headers = { "content-type": "application/json" };
    for (const action of ["erase", "flush", "takeOver"]) {
      const asked = { method: "POST", body, headers };
      expect((await shown.ask(`/v1/console/accounts/shop/actions/${action}`, asked)).status).toBe(403);
    }
    expect((await shown.ask("/v1/console/events")).status).toBe(404);
    await using other = await ConsoleProcess.start(path);
    expect(other.token).not.toBe(shown.token);
  });

  test("shows sealed accounts without their keys, and all of them with", async () => {
    const path = place("sealed");
    const key = Buffer.alloc(32, 7);
    const account = await openAccount({
      backend: () =>
        libsqlBackend({
          ...{ url: `file:${path}`, account: "vault", logger: silentLogger },
          sealing: sealing({ keys: { one: new Uint8Array(key) } }),
        }),
      host: { logger: silentLogger },
    });
    await fill(account);
    await account.close();
    await using closed = await ConsoleProcess.start(path);
    const sealed = await closed.read<AccountDetail>("/v1/console/accounts/vault");
    expect(sealed).toMatchObject({ sealed: true, preKeys: { left: 3 }, tables: [] });
    expect(sealed.device).toBeUndefined();
    expect(await verified(closed, "vault")).toContain('"code":"sealed"');
    await using opened = await ConsoleProcess.start(path, { HOLDFAST_KEYS: `one=${key.toString("base64")}` });
    const detail = await opened.read<AccountDetail>("/v1/console/accounts/vault");
    expect(detail.sealed).toBeUndefined();
    expect(detail.device?.identityFingerprint).toMatch(/^[0-9a-f]{8}$/);
    expect(await verified(opened, "vault")).toContain("event: done");
  });

  test("passes the console of a service on, and changes nothing of it", async () => {
    await using service = await ServiceProcess.start(join(root, "service.db"));
    await service.request("POST", "/v1/accounts", { body: { name: "bot" } });
    await using shown = await ConsoleProcess.start(service.url, { HOLDFAST_TOKEN: ROOT_TOKEN });
    const info = await shown.read<ConsoleInfo>("/v1/console");
    expect(info).toMatchObject({
      kind: "service",
      shown: service.url,
      readOnly: true,
      actions: [],
      live: true,
    });
    const stream = await shown.ask("/v1/console/events");
    const account = await openAccount({ backend: service.backend("bot"), host: { logger: silentLogger } });
    const reader = (stream.body as ReadableStream<Uint8Array>).getReader();
    let text = "";
    while (!text.includes("event: accounts")) text += new TextDecoder().decode((await reader.read()).value);
    await reader.cancel();
    expect((await shown.read<AccountDetail>("/v1/console/accounts/bot")).owner?.epoch).toBe(1);
    expect((await shown.read<{ tokens: unknown[] }>("/v1/tokens")).tokens).toHaveLength(1);
    const headers = { "content-type": "application/json" };
    const asked = { method: "POST", headers, body: JSON.stringify({ confirm: "bot" }) };
    expect((await shown.ask("/v1/console/accounts/bot/actions/erase", asked)).status).toBe(403);
    expect((await shown.ask("/v1/tokens", { ...asked, body: "{}" })).status).toBe(403);
    expect((await shown.ask("/v1/accounts/bot/snapshot")).status).toBe(404);
    expect((await shown.ask("/v1/console/accounts/absent")).status).toBe(404);
    expect(account.stats().fences).toBe(0);
    await account.close();
    await service.stop();
    expect((await shown.ask("/v1/console")).status).toBe(502);
  });

  test("shows of a service without a console what its list and its statistics say", async () => {
    await using local = await memoryService();
    const server = await listen((request) => local.app.fetch(request), { host: "127.0.0.1", port: 0 });
    try {
      await local.registry.addAccount("bot");
      const url = `http://127.0.0.1:${server.port}`;
      await using shown = await ConsoleProcess.start(url, { HOLDFAST_TOKEN: ADMIN_TOKEN });
      const info = await shown.read<ConsoleInfo>("/v1/console");
      expect(info).toMatchObject({ kind: "service", readOnly: true, live: false });
      const { accounts } = await shown.read<AccountPage>("/v1/console/accounts");
      expect(accounts).toMatchObject([{ name: "bot", health: "elsewhere" }]);
      expect(await shown.read("/v1/console/accounts/bot")).toMatchObject({ name: "bot", tables: [] });
      expect((await shown.ask("/v1/console/accounts/absent")).status).toBe(404);
      expect(await shown.read("/v1/tokens")).toEqual({ tokens: [] });
      expect((await shown.ask("/v1/tokens", { method: "POST", body: "{}" })).status).toBe(403);
    } finally {
      await server.cut();
      await server.stop();
    }
  });

  test("says what it cannot show, before it listens", async () => {
    writeFileSync(join(root, "text.db"), "no database");
    await expect(ConsoleProcess.start(join(root, "absent.db"))).rejects.toThrow(
      /ended with 3.*there is no file/s,
    );
    await expect(ConsoleProcess.start(join(root, "text.db"))).rejects.toThrow(/ended with 5/);
    await expect(ConsoleProcess.start("http://127.0.0.1:1", { HOLDFAST_TOKEN: ROOT_TOKEN })).rejects.toThrow(
      /ended with 7/,
    );
  });
});

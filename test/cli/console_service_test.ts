/** The console of `holdfast serve` over HTTP: who may, what it answers, its streams and its actions. */
import { mkdtempSync, rmSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openAccount } from "../../src/account/mod.ts";
import type { AccountDetail, AccountPage, AccountRow } from "../../src/console/mod.ts";
import { FencedError } from "../../src/errors/mod.ts";
import { fakeHost } from "../../src/testing/mod.ts";
import { dose } from "../support/dose.ts";
import { fill } from "./holdfast_world.ts";
import { ROOT_TOKEN, ServiceProcess } from "./service_process.ts";

const folder = mkdtempSync(join(tmpdir(), "holdfast-console-"));
const path = join(folder, "service.db");
const PASSPHRASE = "a passphrase of the backups";
/** Name of an account as an attacker may choose it. */
const HOSTILE = `"><script>alert(1)</script>/..%2f\u202ex\n'`;

let service: ServiceProcess;

beforeAll(async () => {
  const args = ["--backups", join(folder, "backups")];
  service = await ServiceProcess.start(path, { HOLDFAST_PASSPHRASE: PASSPHRASE }, args);
});

afterAll(async () => {
  await service[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const pathOf = (name: string): string => `/v1/console/accounts/${encodeURIComponent(name)}`;

async function create(name: string, at: ServiceProcess = service): Promise<void> {
  expect((await at.request("POST", "/v1/accounts", { body: { name } })).status).toBe(201);
}

async function detailOf(name: string, at: ServiceProcess = service): Promise<AccountDetail> {
  const response = await at.request("GET", pathOf(name));
  expect(response.status).toBe(200);
  return (await response.json()) as AccountDetail;
}

/** Opens an account as a client elsewhere, with sessions and keys. */
async function client(name: string, at: ServiceProcess = service) {
  return await openAccount({
    backend: at.backend(name),
    host: { logger: fakeHost().logger },
    saverIntervalMs: "manual",
    housekeeping: false,
  });
}

async function act(
  name: string,
  action: string,
  { at = service, id }: { readonly at?: ServiceProcess; readonly id?: string | undefined } = {},
): Promise<{ readonly status: number; readonly said: string; readonly message: string }> {
  const body = { confirm: name, ...(id === undefined ? {} : { id }) };
  const response = await at.request("POST", `${pathOf(name)}/actions/${action}`, { body });
  const { said = "", message = "" } = (await response.json()) as { said?: string; message?: string };
  return { status: response.status, said, message };
}

interface ReadEvent {
  readonly event: string;
  readonly data: unknown;
}

/** Reads the events of a stream until one satisfies, or the stream ends. */
async function eventsUntil(
  response: Response,
  isLast: (event: ReadEvent) => boolean,
): Promise<readonly ReadEvent[]> {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  const events: ReadEvent[] = [];
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return events;
    text += decoder.decode(value, { stream: true });
    const parts = text.split("\n\n");
    text = parts.pop() ?? "";
    for (const part of parts) {
      const [, event = "", data = ""] = /^id: \d+\nevent: (\w+)\ndata: (.*)$/.exec(part) ?? [];
      if (event !== "") events.push({ event, data: JSON.parse(data) });
    }
    if (events.some(isLast)) {
      await reader.cancel();
      return events;
    }
  }
}

describe("the console of a service", () => {
  test("is for administrators alone", async () => {
    await create("one");
    for (const place of ["", "/accounts", "/accounts/one", "/events", "/accounts/one/verify"]) {
      const url = `/v1/console${place}`;
      expect((await fetch(service.url + url)).status, place).toBe(401);
      expect((await service.request("GET", url, { token: "x".repeat(64) })).status, place).toBe(401);
      const refused = await service.request("GET", url, { token: await service.clientToken() });
      expect(refused.status, place).toBe(403);
      expect(refused.headers.get("content-type")).toBe("application/problem+json");
      expect(((await refused.json()) as { code: string }).code).toBe("forbidden");
    }
    const token = await service.clientToken();
    const body = { confirm: "one" };
    for (const action of ["erase", "flush"]) {
      const refused = await service.request("POST", `/v1/console/accounts/one/actions/${action}`, {
        body,
        token,
      });
      expect(refused.status).toBe(403);
    }
    expect((await detailOf("one")).health).toBe("unused");
  });

  test("answers GET and HEAD, and refuses other methods and paths", async () => {
    const head = await service.request("HEAD", "/v1/console/accounts");
    expect([head.status, await head.text(), head.headers.get("cache-control")]).toEqual([
      200,
      "",
      "no-store",
    ]);
    for (const [method, place, status] of [
      ["POST", "/v1/console", 405],
      ["DELETE", "/v1/console/accounts/one", 405],
      ["HEAD", "/v1/console/events", 405],
      ["GET", "/v1/console/accounts/one/actions/flush", 405],
      ["GET", "/v1/console/accounts/one/other", 404],
      ["GET", "/v1/console/accounts/%2e%2e/verify", 404],
      ["GET", "/v1/console/accounts/absent", 404],
      ["GET", "/v1/console/accounts?limit=0", 400],
      ["GET", "/v1/console/accounts?limit=1001", 400],
      ["GET", "/v1/consoles", 404],
    ] as const)
      expect((await service.request(method, place)).status, `${method} ${place}`).toBe(status);
  });

  test("serves no file by a path that leads out of its folder", async () => {
    const { port } = new URL(service.url);
    for (const place of [
      "/../package.json",
      "/..%2f..%2fpackage.json",
      "/%2e%2e/holdfast.mjs",
      "/holdfast.mjs",
    ]) {
      const status = await new Promise((resolve, reject) => {
        const sent = httpRequest({ host: "127.0.0.1", port, path: place }, (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        sent.on("error", reject);
        sent.end();
      });
      expect(status, place).toBe(404);
    }
    const page = await fetch(service.url);
    expect(page.headers.get("content-security-policy")).not.toContain("unsafe");
  });

  test("shows a name as it is, whatever it contains, and acts only with the name in full", async () => {
    await create(HOSTILE);
    const { accounts } = (await (
      await service.request("GET", `/v1/console/accounts?limit=1000`)
    ).json()) as AccountPage;
    expect(accounts.map(({ name }) => name)).toContain(HOSTILE);
    expect((await detailOf(HOSTILE)).name).toBe(HOSTILE);
    const place = `${pathOf(HOSTILE)}/actions/erase`;
    for (const body of [
      { confirm: "x" },
      {},
      { confirm: HOSTILE, more: 1 },
      { confirm: HOSTILE, id: 1 },
      [],
      "x",
    ])
      expect((await service.request("POST", place, { body })).status).toBe(400);
    expect((await act(HOSTILE, "erase")).status).toBe(200);
    expect((await service.request("GET", pathOf(HOSTILE))).status).toBe(404);
  });

  test("tells what a client elsewhere does, and what is stored of it", async () => {
    await create("busy");
    const followed = await service.request("GET", "/v1/console/events?account=busy");
    expect(followed.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    const account = await client("busy");
    await fill(account);
    account.device.processCommand({ kind: "setPushName", pushName: "A private name" });
    await account.flush();
    const events = await eventsUntil(followed, ({ event }) => event === "flush");
    expect(events.map(({ event }) => event)).toEqual(
      expect.arrayContaining(["accounts", "happening", "flush"]),
    );
    const detail = await detailOf("busy");
    expect(detail).toMatchObject({
      ...{ health: "elsewhere", owner: { epoch: 1, place: "elsewhere", sinceMs: expect.any(Number) } },
      ...{ preKeys: { left: 3, notUploaded: 3 }, leases: { sessions: 6, senderKeys: 0 } },
    });
    expect(detail.lastCommitAtMs).toBeGreaterThan(Date.now() - 600_000);
    expect(detail.flushes.length).toBeGreaterThan(1);
    expect(detail.tables.find(({ table }) => table === "session")?.rows).toBe(6);
    expect(JSON.stringify(detail)).not.toContain("A private name");
    const checked = await service.request("GET", `${pathOf("busy")}/verify`);
    const told = await eventsUntil(checked, ({ event }) => event === "done");
    expect(told.at(-1)?.data).toMatchObject({ rows: expect.any(Number), findings: expect.any(Number) });
    expect(told.some(({ event }) => event === "progress")).toBe(true);
    // Nothing of it has fenced the client.
    account.device.processCommand({ kind: "setPushName", pushName: "x" });
    await account.flush();
    await account.close();
  });

  test("ends the stream of a token that is revoked, at once", async () => {
    const issued = await service.request("POST", "/v1/tokens", { body: { permissions: ["admin"] } });
    const { id, token } = (await issued.json()) as { readonly id: string; readonly token: string };
    const stream = await service.request("GET", "/v1/console/events", { token });
    expect(stream.status).toBe(200);
    const other = await service.request("GET", "/v1/console/events");
    const ended = eventsUntil(stream, () => false);
    expect((await service.request("DELETE", `/v1/tokens/${id}`)).status).toBe(204);
    await ended;
    expect((await service.request("GET", "/v1/console/events", { token })).status).toBe(401);
    await create("later");
    const rows = (await eventsUntil(other, ({ event }) => event === "accounts"))[0]?.data as AccountRow[];
    expect(rows.map(({ name }) => name)).toEqual(["later"]);
  });
});

describe("actions of the console", () => {
  test("take over, save, set aside and bring back, each with its refusal", async () => {
    await create("bot");
    expect(await act("bot", "takeOver")).toMatchObject({ status: 422, message: /no device/ });
    const account = await client("bot");
    await fill(account);
    expect(await act("bot", "flush")).toMatchObject({ status: 422, message: /not open here/ });
    expect((await act("bot", "takeOver")).status).toBe(200);
    account.device.processCommand({ kind: "setPushName", pushName: "x" });
    await expect(account.flush()).rejects.toBeInstanceOf(FencedError);
    await account.close().catch(() => {});
    expect((await act("bot", "takeOver")).status).toBe(422);
    expect(await act("bot", "flush")).toMatchObject({ status: 200, said: /^Saved/ });
    expect((await detailOf("bot")).owner?.place).toBe("here");
    expect((await act("bot", "retire")).status).toBe(200);
    const { retired } = await detailOf("bot");
    expect(await act("bot", "retire")).toMatchObject({ status: 422 });
    expect((await act("bot", "undo", { id: "0".repeat(32) })).status).toBe(404);
    expect((await act("bot", "undo", { id: retired[0]?.id })).status).toBe(200);
    expect((await detailOf("bot")).tables.find(({ table }) => table === "session")?.rows).toBe(6);
    expect((await act("bot", "erase")).status).toBe(200);
    expect((await service.request("GET", pathOf("bot"))).status).toBe(404);
    expect((await act("bot", "flush")).status).toBe(404);
    for (const action of ["takeOver", "flush", "retire", "undo", "erase"])
      expect(service.complaint).toContain(`"account":"bot","action":"${action}","by":"root"`);
    const audit = await (await service.request("GET", "/v1/audit?limit=1000")).text();
    for (const action of ["takeOver", "flush", "retire", "undo", "delete"])
      expect(audit).toContain(`"action":"account.${action}","account":"bot"`);
    for (const secret of [ROOT_TOKEN, PASSPHRASE]) expect(service.complaint).not.toContain(secret);
  });

  test("back up and restore, and keep what is replaced", async () => {
    await create("kept");
    expect(await act("kept", "backup")).toMatchObject({ status: 422, message: /no device/ });
    const account = await client("kept");
    await fill(account);
    await account.close();
    expect((await act("kept", "backup")).status).toBe(200);
    const before = await detailOf("kept");
    const [backup] = before.backups?.list ?? [];
    expect(backup?.bytes).toBeGreaterThan(500);
    expect(await act("kept", "restore")).toMatchObject({ status: 422, message: /no backup was chosen/ });
    for (const id of ["1", "../../service.db", "absent", "-1"])
      expect((await act("kept", "restore", { id })).status, id).toBe(404);
    const again = await client("kept");
    expect((await act("kept", "restore", { id: backup?.name })).status).toBe(200);
    again.device.processCommand({ kind: "setPushName", pushName: "x" });
    await expect(again.flush()).rejects.toBeInstanceOf(FencedError);
    await again.close().catch(() => {});
    const after = await detailOf("kept");
    expect(after.retired).toHaveLength(1);
    expect(after.device?.registrationId).toBe(before.device?.registrationId);
    expect(after.health).toBe("elsewhere");
    expect(after.timeline.map(({ kind }) => kind)).toContain("restored");
    await (await client("kept")).close();
  });

  test("hold for another service over the same file", async () => {
    await using second = await ServiceProcess.start(path);
    await create("shared");
    const account = await client("shared", second);
    await fill(account);
    await account.close();
    expect((await detailOf("shared")).tables.length).toBeGreaterThan(1);
    const command = { commands: [{ kind: "setPushName", pushName: "x" }] };
    const open = { body: command, token: await second.clientToken() };
    expect((await second.request("POST", "/v1/accounts/shared/device/commands", open)).status).toBe(200);
    expect((await detailOf("shared", second)).owner?.place).toBe("here");
    expect((await act("shared", "retire")).status).toBe(200);
    expect((await detailOf("shared", second)).retired).toHaveLength(1);
    // Without backups of its own it offers none.
    expect((await act("shared", "backup", { at: second })).status).toBe(403);
    expect((await act("shared", "undo", { at: second })).status).toBe(200);
    expect((await act("shared", "takeOver")).status).toBe(200);
    expect((await detailOf("shared")).health).toBe("ok");
  });
});

test("streams that nobody reads hold neither memory nor the end of the service", async () => {
  await using own = await ServiceProcess.start(join(folder, "unread.db"));
  await create("a", own);
  const head = `GET /v1/console/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${ROOT_TOKEN}\r\n\r\n`;
  const sockets = await Promise.all(Array.from({ length: 32 }, () => own.send(head)));
  for (const socket of sockets) socket.pause();
  await expect.poll(async () => (await own.request("GET", "/v1/console/events")).status).toBe(429);
  const before = own.residentMb;
  const count = dose({ short: 30, long: 2_000 });
  for (let n = 0; n < count; n += 1) await create(`account-${n}`, own);
  expect(own.residentMb - before).toBeLessThan(dose({ short: 60, long: 120 }));
  const { code } = await own.stop();
  expect(code).toBe(0);
});

/** The limits of accounts as people set them: flags of `serve`, `holdfast limits`, and what goes on at a limit. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { openAccount } from "../../src/account/mod.ts";
import type { AccountDetail } from "../../src/console/mod.ts";
import { LimitError } from "../../src/errors/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { fill, holdfast, holdfastJson, openFile, PEERS } from "./holdfast_world.ts";
import { ROOT_TOKEN, ServiceProcess } from "./service_process.ts";

const PROGRAM = fileURLToPath(new URL("../../dist/holdfast.mjs", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "holdfast-limits-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("holdfast serve", () => {
  test.each([
    ["--max-bytes", "0"],
    ["--max-bytes", "-5"],
    ["--max-rows", "1e9"],
    ["--max-rows", "10 rows"],
    ["--max-requests", "0.5"],
    ["--max-requests", "1".repeat(16)],
  ])("refuses %s %s, and names the flag and what it takes", (flag, value) => {
    const path = join(folder, "never.db");
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [PROGRAM, "serve", path, "--port", "0", `${flag}=${value}`],
      { encoding: "utf8", timeout: 60_000 },
    );
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(`'${flag} <number>'`);
    expect(stderr).toContain("expected a number of 1 to 999999999999999");
    expect(readdirSync(folder)).not.toContain("never.db");
  });
});

describe("an account of a service", () => {
  const env = { HOLDFAST_ADMIN_TOKEN: ROOT_TOKEN };

  test("has the limits of the flags, then its own, and at a limit is read, backed up and exported", async () => {
    const args = ["--max-bytes", "1000000", "--max-rows", "500", "--max-requests", "6000"];
    await using service = await ServiceProcess.start(join(folder, "service.db"), {}, [
      ...args,
      ...["--backups", join(folder, "backups")],
    ]);
    const { url } = service;
    for (const name of ["bot", "other"]) await service.request("POST", "/v1/accounts", { body: { name } });
    const flags = { maxBytes: 1_000_000, maxRows: 500, requestsPerMinute: 6_000 };
    expect((await holdfastJson(["accounts", url], { env })).json).toMatchObject({
      accounts: [{ account: "bot", limits: flags }, { account: "other" }],
    });
    const account = await openAccount({
      backend: service.backend("bot"),
      host: { logger: silentLogger },
      saverIntervalMs: "manual",
      housekeeping: false,
    });
    await fill(account);
    await account.flush();

    const set = await holdfast(["limits", url, "-a", "bot", "--max-rows", "5"], { env });
    expect(set).toMatchObject({ code: 0, err: expect.stringContaining('Replaced the limits of "bot"') });
    expect(set.out).toMatch(/rows {7}\d+ of 5, \d{3} %/);
    expect(set.out).toContain("requests   6,000 a minute");
    const session = {
      ...{ kind: "session.put", address: "5519999999999@c.us.0" },
      record: new Uint8Array(100).fill(1),
    } as const;
    const refused = await account.store.commit([session as never]).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(LimitError);
    expect((refused as LimitError).limit).toEqual({ rule: "maxRows", allowed: 5 });
    const shown = await holdfast(["limits", url, "-a", "bot"], { env });
    expect(shown.out).toContain("At its limit (maxRows): commits that store more are refused.");
    const detail = await service.request("GET", "/v1/console/accounts/bot");
    expect((await detail.json()) as AccountDetail).toMatchObject({
      health: "limited",
      reason: "It is at its limit of 5 rows: commits that store more are refused.",
      limits: { maxRows: 5, maxBytes: 1_000_000 },
    });

    // Reading is never refused. A backup of the service, and those of the program, have every row.
    const made = await service.request("POST", "/v1/console/accounts/bot/actions/backup", {
      body: { confirm: "bot" },
    });
    expect(made.status).toBe(200);
    expect(readdirSync(join(folder, "backups", "account-bot"))).toHaveLength(1);
    const token = { HOLDFAST_TOKEN: await service.clientToken() };
    for (const command of ["backup", "export"]) {
      const file = join(folder, `${command}.holdfast`);
      expect(await holdfast([command, url, file, "-a", "bot"], { env: token })).toMatchObject({ code: 0 });
      const restored = join(folder, `${command}.db`);
      const into = ["restore", file, restored, "-a", "bot"];
      expect(await holdfast(into)).toMatchObject({ code: 0 });
      const copy = await openFile(restored, "bot");
      expect(await copy.store.loadIdentities(PEERS)).not.toContain(undefined);
      await copy.close();
    }

    const cleared = await holdfastJson(["limits", url, "-a", "bot", "--clear"], { env });
    expect(cleared.json).toMatchObject({
      account: "bot",
      limits: flags,
      stored: { rows: expect.any(Number) },
    });
    expect(cleared.json).not.toHaveProperty("refusedBy");
    await account.store.commit([session as never]);
    await account.close();
  });

  test("is named by a URL of the service, and --clear stands alone", async () => {
    const path = join(folder, "a.db");
    await (await openFile(path, "bot")).close();
    expect(await holdfast(["limits", path])).toMatchObject({
      code: 2,
      err: expect.stringContaining("only accounts of a service have limits"),
    });
    const both = await holdfast(["limits", "https://x.example", "--clear", "--max-rows", "5"], { env });
    expect(both).toMatchObject({ code: 2, err: expect.stringContaining("--clear removes every limit") });
  });
});

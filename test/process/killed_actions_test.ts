/**
 * An action of the console whose service is killed with SIGKILL before or after one of its commits. The next
 * service finds the account as it was, as it should be, or held: then the same action, or an undo, ends it.
 * Does not cover the loss of power.
 */
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openAccount } from "../../src/account/mod.ts";
import type { AccountDetail } from "../../src/console/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { fill } from "../cli/holdfast_world.ts";
import { ServiceProcess } from "../cli/service_process.ts";
import { DOSED_TIMEOUT_MS, dose } from "../support/dose.ts";

const HOOK = new URL("./kill_at_commit.mjs", import.meta.url).href;
const MOMENTS = dose<readonly ("before" | "after")[]>({ short: ["after"], long: ["before", "after"] });
/** Commits of an action at which it is killed. */
const COMMITS = dose<readonly number[]>({ short: [2], long: [1, 2, 3, 4, 5, 6] });

const root = mkdtempSync(join(tmpdir(), "holdfast-killed-actions-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const NAME = "shop";
const PATH = `/v1/console/accounts/${NAME}`;

/** What each case begins with: an account with sessions, and a backup of it. */
const prepared = join(root, "prepared");
let backup = "";
let registrationId = 0;
/** Commits of a service that does nothing but begin and show the account. */
let atRest = 0;

async function start(folder: string, env: NodeJS.ProcessEnv = {}): Promise<ServiceProcess> {
  return await ServiceProcess.start(join(folder, "bot.db"), env, ["--backups", join(folder, "backups")]);
}

async function detailOf(service: ServiceProcess): Promise<AccountDetail> {
  return (await (await service.request("GET", PATH)).json()) as AccountDetail;
}

async function act(service: ServiceProcess, action: string, id?: string): Promise<number | undefined> {
  const body = { confirm: NAME, ...(id === undefined ? {} : { id }) };
  const answer = await service.request("POST", `${PATH}/actions/${action}`, { body }).catch(() => undefined);
  return answer?.status;
}

beforeAll(async () => {
  mkdirSync(prepared);
  const service = await start(prepared);
  await service.request("POST", "/v1/accounts", { body: { name: NAME } });
  const account = await openAccount({ backend: service.backend(NAME), host: { logger: silentLogger } });
  await fill(account);
  ({ registrationId } = account.device.getDeviceSnapshot());
  await account.close();
  expect(await act(service, "backup")).toBe(200);
  backup = (await detailOf(service)).backups?.list.at(-1)?.name ?? "";
  await service.stop();
  const counted = copy("counted");
  const file = join(root, "commits");
  const idle = await start(counted, { NODE_OPTIONS: `--import=${HOOK}`, HOLDFAST_TEST_COMMITS: file });
  await detailOf(idle);
  await idle.stop();
  atRest = Number(readFileSync(file, "utf8"));
});

function copy(name: string): string {
  const folder = join(root, name);
  mkdirSync(folder);
  copyFileSync(join(prepared, "bot.db"), join(folder, "bot.db"));
  cpSync(join(prepared, "backups"), join(folder, "backups"), { recursive: true });
  return folder;
}

const cases = (["restore", "retire"] as const).flatMap((action) =>
  MOMENTS.flatMap((when) => COMMITS.map((commit) => [action, when, commit] as const)),
);

describe("an action whose service is killed", () => {
  test.each(cases)(
    "%s, %s commit %i",
    async (action, when, commit) => {
      const folder = copy(`${action}-${when}-${commit}`);
      const killed = await start(folder, {
        NODE_OPTIONS: `--import=${HOOK}`,
        HOLDFAST_TEST_KILL: `${when}:${atRest + commit}`,
      });
      const status = await act(killed, action, action === "restore" ? backup : undefined);
      // A restore has more commits than that; retiring has fewer.
      if (action === "restore" && commit <= 2) expect(status).toBeUndefined();
      if (status === undefined) expect((await killed.ended).signal).toBe("SIGKILL");
      else await killed.stop();
      await using service = await start(folder);
      const found = await detailOf(service);
      expect(["elsewhere", "held", "unused"]).toContain(found.health);
      if (action === "restore" && found.health === "held") {
        expect(found.retired).toHaveLength(1);
        expect(await act(service, "undo", found.retired[0]?.id)).toBe(200);
      } else if (action === "retire" && found.health === "unused") {
        expect(found.retired).toHaveLength(1);
        expect(await act(service, "undo")).toBe(200);
      }
      expect(await detailOf(service)).toMatchObject({ health: "elsewhere", device: { registrationId } });
      // What was killed can be asked for again.
      expect(await act(service, action, action === "restore" ? backup : undefined)).toBe(200);
      if (action === "retire") expect(await act(service, "undo")).toBe(200);
      await using account = await openAccount({
        backend: service.backend(NAME),
        host: { logger: silentLogger },
      });
      expect(account.device.getDeviceSnapshot().registrationId).toBe(registrationId);
    },
    DOSED_TIMEOUT_MS,
  );
});

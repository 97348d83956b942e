import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundleWorker, startLocalWorker } from "../../src/cli/local_worker.ts";
import { runProgram, type UserProject } from "../support/programs/packed_package.ts";
import { makeWorkerProject, typeCheck, wranglerCommand } from "./user_project.ts";

const ADMIN_TOKEN = "user-admin-token-0123456789abcdef";

let project: UserProject;

beforeAll(async () => {
  project = await makeWorkerProject();
}, 60_000);

afterAll(() => project[Symbol.asyncDispose]());

/** The same classes made by the factories, and members that a stub must not offer. */
const FACTORIES = `
import { accountObject, registryObject } from "@holdfast/store/worker";
import { DurableObject } from "cloudflare:workers";
import type { Bot } from "./index.ts";

export class MadeBot extends accountObject(DurableObject<Env>) {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env, { housekeeping: false });
  }

  async rename(pushName: string): Promise<string> {
    const account = await this.holdfast.account();
    account.device.processCommand({ kind: "setPushName", pushName });
    return this.ctx.id.toString() + String(this.env.ACCOUNTS);
  }

  override fetch(request: Request): Promise<Response> {
    return super.fetch(request);
  }
}

export class MadeRegistry extends registryObject(DurableObject<Env>) {}

export async function call(made: DurableObjectStub<MadeBot>, bot: DurableObjectStub<Bot>): Promise<string> {
  await bot.rename("Ada");
  // @ts-expect-error the argument is a text
  await bot.rename(1);
  // @ts-expect-error the field is not public
  made.holdfast;
  // @ts-expect-error the field is not public
  bot.holdfast;
  return await made.rename("Ada");
}
`;

/** Calls any member of a bot over RPC and responds with the outcome. */
const PROBE = `
import { DurableObject } from "cloudflare:workers";
import { accountObject } from "@holdfast/store/worker";
import worker, { Bot, RegistryDurableObject } from "./index.ts";

export { Bot, RegistryDurableObject };

export class MadeBot extends accountObject(DurableObject) {
  async rename(pushName) {
    const account = await this.holdfast.account();
    account.device.processCommand({ kind: "setPushName", pushName });
    return account.device.getDeviceSnapshot().pushName;
  }
}

export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    if (url.pathname !== "/probe") return await worker.fetch(request, env);
    const binding = env[url.searchParams.get("binding")];
    const stub = binding.get(binding.idFromName("bot-1"));
    const path = url.searchParams.get("member").split(".");
    try {
      let member = stub;
      for (const name of path) member = member[name];
      return Response.json({ value: await member("Ada") });
    } catch (error) {
      return Response.json({ error: String(error) });
    }
  },
};
`;

describe("@holdfast/store/cloudflare", () => {
  test("type-checks in a strict project with the types of wrangler", async ({ skip }) => {
    const wrangler = wranglerCommand();
    if (wrangler === undefined) return skip("no Node that wrangler runs on is installed: npm run nodes");
    await writeFile(join(project.folder, "factories.ts"), FACTORIES);
    const [node, script] = wrangler;
    await runProgram(node, [script, "types"], { cwd: project.folder });
    expect(await typeCheck(project)).toBe("");
  });

  test("serves a method of the example over RPC, and HTTP", async () => {
    await using worker = await startWorker("index.ts");
    expect(await (await worker.fetch("/rename")).text()).toBe("renamed");
    const post = (path: string, body: object): Promise<Response> =>
      worker.fetch(path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    expect((await post("/v1/accounts", { name: "bot-1" })).status).toBe(201);
    // The admin token itself uses no account.
    const issued = await post("/v1/tokens", { account: "bot-1", permissions: ["account"] });
    expect(issued.status).toBe(201);
    const { token } = (await issued.json()) as { readonly token: string };
    const device = await worker.fetch("/v1/accounts/bot-1/device", {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(await device.json()).toMatchObject({ hasPushName: true });
  });

  test("exposes only methods of the user's class over RPC", async () => {
    await writeFile(join(project.folder, "probe.js"), PROBE);
    await using worker = await startWorker("probe.js", { MADE: "MadeBot" });
    const probe = async (binding: string, member: string): Promise<unknown> =>
      await (await worker.fetch(`/probe?binding=${binding}&member=${member}`)).json();
    expect(await probe("MADE", "rename")).toEqual({ value: "Ada" });
    const hidden = ["holdfast", "holdfast.account", "holdfast.destroy", "account", "destroy", "ctx", "env"];
    for (const binding of ["ACCOUNTS", "MADE"]) {
      for (const member of hidden) {
        expect(await probe(binding, member), `${binding} ${member}`).toEqual({ error: expect.any(String) });
      }
    }
  });
});

interface RunningWorker extends AsyncDisposable {
  fetch(
    path: string,
    init?: { method?: string; headers?: Record<string, string>; body?: string },
  ): Promise<Response>;
}

/** Starts a file of the project. */
async function startWorker(
  entry: string,
  otherObjects: Readonly<Record<string, string>> = {},
): Promise<RunningWorker> {
  const worker = startLocalWorker({
    script: await bundleWorker(join(project.folder, entry)),
    durableObjects: { ACCOUNTS: "Bot", REGISTRY: "RegistryDurableObject", ...otherObjects },
    bindings: { HOLDFAST_ADMIN_TOKEN: ADMIN_TOKEN },
    onLog: () => {},
  });
  const url = (await worker.ready).origin;
  return {
    fetch: (path, init = {}) =>
      fetch(`${url}${path}`, {
        ...init,
        headers: { authorization: `Bearer ${ADMIN_TOKEN}`, ...init.headers },
      }),
    [Symbol.asyncDispose]: () => worker.dispose(),
  };
}

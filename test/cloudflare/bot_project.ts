/** A user's project with `templates/bot-durable-object`, and its Worker as wrangler uploads it. */
import { chmod, cp, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import {
  makeProject,
  packedPackage,
  readManifest,
  runProgram,
  type UserProject,
  unpackInto,
} from "../support/programs/packed_package.ts";

const EXAMPLE = "templates/bot-durable-object";

/** The Worker of the tests: the example's, with a bot that also takes credentials and aborts. */
const TEST_ENTRY: string = `
import { baileysAuthState } from "@holdfast/store/baileys";
import { BufferJSON, UPLOAD_TIMEOUT, WA_CERT_DETAILS } from "baileys";
import { env } from "cloudflare:workers";
import { countRows, takeCounts } from "${resolve("test/cloudflare/counted_rows.ts")}";
import { Bot as ExampleBot } from "./src/bot.ts";
import worker from "./src/index.ts";

// After an upload of pre-keys Baileys leaves a timer of this length, which would delay evictions.
const { setTimeout: realSetTimeout } = globalThis;
globalThis.setTimeout = (task, ms, ...parameters) => {
  const timer = realSetTimeout(task, ms, ...parameters);
  if (ms === UPLOAD_TIMEOUT) clearTimeout(timer);
  return timer;
};

// The root of the local server's certificates. Shipped code has no such switch.
WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(env.TEST_ROOT, "hex");

/** Its watch comes sooner than the example's, which is minutes. */
const WATCH_FACTOR = 20;

export class Bot extends ExampleBot {
  constructor(ctx, env) {
    countRows(ctx.storage);
    super(ctx, env);
    const { scheduler } = this.holdfast;
    const schedule = scheduler.schedule.bind(scheduler);
    scheduler.schedule = (name, dueAtMs) => {
      const nowMs = Date.now();
      schedule(name, name === "bot.watch" ? nowMs + (dueAtMs - nowMs) / WATCH_FACTOR : dueAtMs);
    };
  }

  async adopt(creds) {
    const { state, saveCreds } = await baileysAuthState(await this.holdfast.account());
    Object.assign(state.creds, JSON.parse(creds, BufferJSON.reviver));
    await saveCreds();
  }

  abort() {
    this.ctx.abort("a test");
  }

  counts() {
    return JSON.stringify(takeCounts());
  }

  async media(request) {
    const { to, kind, base64, ...rest } = JSON.parse(request);
    const data = Buffer.from(base64, "base64");
    for (const name of ["jpegThumbnail", "waveform"])
      if (rest[name] !== undefined) rest[name] = Buffer.from(rest[name], "base64");
    return await this.send(to, { [kind]: data, ...rest });
  }
}

export default {
  async fetch(request, env) {
    const [, name, action] = /^\\/test\\/([^/]+)\\/(adopt|abort|counts|media)$/.exec(new URL(request.url).pathname) ?? [];
    if (name === undefined) return await worker.fetch(request, env);
    const bot = env.BOTS.get(env.BOTS.idFromName(name));
    try {
      return new Response((await bot[action](await request.text())) ?? "done");
    } catch (error) {
      return new Response(String(error), { status: 500 });
    }
  },
};
`;

/** The uploaded modules by file name. The main one is first. */
export type WorkerBundle = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/** A bundle and its size. */
export interface MeasuredBundle {
  readonly modules: WorkerBundle;
  /** Compressed size that wrangler prints, in KiB. */
  readonly gzipKib: number;
}

/** Creates the project, with the package as npm would unpack it. `dist` must be built. */
export async function makeBotProject(): Promise<UserProject> {
  const project = await makeProject();
  const { folder } = project;
  await cp(EXAMPLE, folder, { recursive: true });
  const { bin, dependencies } = await readManifest();
  const tarball = await packedPackage();
  await unpackInto(project, tarball, [...Object.keys(dependencies), "baileys", "hono", "@types/node"]);
  await mkdir(join(folder, "node_modules/.bin"));
  for (const [name, path] of Object.entries(bin)) {
    const program = join("@holdfast/store", path);
    await chmod(join(folder, "node_modules", program), 0o755);
    await symlink(join("..", program), join(folder, "node_modules/.bin", name));
  }
  await writeFile(join(folder, "test_entry.js"), TEST_ENTRY);
  return project;
}

/**
 * Bundles a file of the project with wrangler, without an upload.
 *
 * @param wrangler See `wranglerCommand`.
 */
export async function bundleBot(
  { folder }: UserProject,
  [node, script]: readonly [string, string],
  entryPoint: string,
): Promise<MeasuredBundle> {
  const args = [script, "deploy", entryPoint, "--dry-run", "--outdir", "out"];
  const { stdout } = await runProgram(node, args, { cwd: folder });
  const gzipKib = Number(/gzip: ([\d.]+) KiB/.exec(stdout)?.[1]);
  const modules = new Map<string, Uint8Array<ArrayBuffer>>();
  const names = (await readdir(join(folder, "out"))).filter((name) => /\.(js|wasm)$/.test(name));
  for (const name of names.sort((a, b) => Number(b.endsWith(".js")) - Number(a.endsWith(".js")))) {
    modules.set(name, Uint8Array.from(await readFile(join(folder, "out", name))));
  }
  return { modules, gzipKib };
}

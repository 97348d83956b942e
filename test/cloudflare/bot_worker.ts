/** The Worker of the bots in workerd, whose objects can be evicted and whose process can be killed. */
import { Miniflare } from "miniflare";
import { COMPATIBILITY_DATE } from "../../src/cli/local_worker.ts";
import { ownProcess, type WorkerdProcess } from "../worker/worker_process.ts";
import type { WorkerBundle } from "./bot_project.ts";
import type { RowCounts } from "./counted_rows.ts";

const WORKER = "bots";
const BOT_TOKEN = "bot-token-of-the-tests";

/** How the Worker is started. */
export interface BotWorkerOptions {
  readonly modules: WorkerBundle;
  /** Folder of the objects. */
  readonly folder: string;
  /** Public key of the root of the local server's certificates. */
  readonly testRoot: Uint8Array;
  /** URL of the local server. */
  readonly whatsAppUrl: string;
  /** Answers requests of the Worker to a host that is not this machine. */
  readonly onOutbound?: (request: Request) => Promise<Response>;
  /** Called with each line of the Worker's log. */
  readonly onLog?: (line: string) => void;
}

/** A running Worker. */
export interface BotWorker extends WorkerdProcess {
  /** Calls an action of a bot, as the example's README does. @throws {Error} When it answers with an error. */
  ask(bot: string, action: string, body?: object): Promise<Record<string, unknown>>;
  /** Requests a path without authorization. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Gives a new bot the credentials of a paired device, as JSON of Baileys. */
  adopt(bot: string, creds: string): Promise<void>;
  /** Aborts a bot's object: its memory and unwritten changes are lost. */
  abort(bot: string): Promise<void>;
  /** What the platform has billed for the storage since the last call. */
  counts(bot: string): Promise<RowCounts>;
  /** Sends media to a user. Resolves with the message's id. */
  media(bot: string, request: object): Promise<string>;
  /** Evicts a bot's object, as the platform does with an idle one. */
  evict(bot: string): Promise<void>;
}

/** Starts the Worker and resolves when it answers. */
export async function startBotWorker(options: BotWorkerOptions): Promise<BotWorker> {
  const { modules, folder, testRoot, whatsAppUrl, onLog = () => {}, onOutbound } = options;
  const [mainModule = ""] = modules.keys();
  const text = (value: string) => ({ type: "text" as const, value });
  const workerd = await ownProcess(
    () =>
      new Miniflare({
        handleStructuredLogs: ({ message }: { message: string }) => onLog(message),
        resourcePersistencePath: folder,
        workers: [
          {
            config: {
              name: WORKER,
              compatibilityDate: COMPATIBILITY_DATE,
              compatibilityFlags: ["nodejs_compat"],
              manifest: {
                mainModule,
                modules: Object.fromEntries(
                  [...modules].map(([name, contents]) => [
                    name,
                    { type: name.endsWith(".wasm") ? ("wasm" as const) : ("esm" as const), contents },
                  ]),
                ),
              },
              env: {
                BOT_TOKEN: text(BOT_TOKEN),
                TEST_ROOT: text(Buffer.from(testRoot).toString("hex")),
                WHATSAPP_URL: text(whatsAppUrl),
                BOTS: { type: "durable-object", worker: WORKER, exportName: "Bot" },
              },
              exports: { Bot: { type: "durable-object", storage: "sqlite" } },
            },
            ...(onOutbound && {
              dev: { outboundService: { type: "fetcher" as const, handler: onOutbound as never } },
            }),
          },
        ],
      }),
  );
  const { miniflare, url } = workerd;
  const post = async (path: string, body = ""): Promise<string> => {
    const response = await fetch(`${url}${path}`, { method: "POST", body });
    const answer = await response.text();
    if (!response.ok) throw new Error(`${path}: ${answer}`);
    return answer;
  };
  return {
    ...workerd,
    async ask(bot, action, body) {
      const response = await fetch(`${url}/bots/${bot}/${action}`, {
        method: action === "status" ? "GET" : "POST",
        // A connection that idles during an eviction is closed by workerd.
        headers: { authorization: `Bearer ${BOT_TOKEN}`, connection: "close" },
        ...(body && { body: JSON.stringify(body) }),
      });
      const answer = (await response.json()) as Record<string, unknown>;
      if (!response.ok) throw new Error(`${action}: ${response.status} ${String(answer.error)}`);
      return answer;
    },
    fetch: (path, init) => fetch(`${url}${path}`, init),
    async adopt(bot, creds) {
      const response = await fetch(`${url}/test/${bot}/adopt`, { method: "POST", body: creds });
      if (!response.ok) throw new Error(`adopt: ${await response.text()}`);
    },
    async abort(bot) {
      await (await fetch(`${url}/test/${bot}/abort`, { method: "POST" })).text();
    },
    counts: async (bot) => JSON.parse(await post(`/test/${bot}/counts`)) as RowCounts,
    media: (bot, request) => post(`/test/${bot}/media`, JSON.stringify(request)),
    evict: (bot) => miniflare.unsafeEvictDurableObject(WORKER, "Bot", { name: bot }),
  };
}

import { sameSecret } from "../../../bytes/mod.ts";
import { ConsoleApi, type ConsoleSource, StaticFiles, StoredSource } from "../../../console/mod.ts";
import { processScheduler, systemClock, systemHost, systemRandom } from "../../../ports/mod.ts";
import { hashToken, makeToken, ServiceError } from "../../../service/mod.ts";
import { listen } from "../../listen.ts";
import { shutDown } from "../../shutdown.ts";
import { EXIT } from "../command_error.ts";
import type { Context } from "../context.ts";
import { ServiceTarget } from "../targets/service_target.ts";
import { isStored } from "../targets/target.ts";
import { VERSION } from "../version.ts";
import { ForwardedConsole } from "./forwarded_console.ts";
import { ListedService } from "./listed_service.ts";
import { lookedDatabase } from "./looked_database.ts";
import { pageFiles } from "./page_files.ts";

/** The console is for the person at this machine. */
const HOST = "127.0.0.1";

/** Answers what the pages ask. */
interface Answering {
  answer(request: Request): Promise<Response | undefined>;
  stop(): void;
}

/** Shows a target until the program receives a signal to end. Writes nothing, and takes no ownership. */
export async function runConsole(context: Context, text: string, port: number): Promise<number> {
  const { report, terminal } = context;
  const target = context.target(text);
  const { token, hash } = await makeToken(systemRandom);
  const authorize = async (given: string | undefined): Promise<string> => {
    if (given !== undefined && sameSecret(await hashToken(given), hash)) return "console";
    throw new ServiceError("unauthorized", "authenticate: no valid token");
  };
  const api = await apiOf(target, authorize, context);
  const files = new StaticFiles(pageFiles);
  const server = await listen(
    async (request) =>
      (isForUs(request) ? undefined : misdirected()) ??
      (await api.answer(request)) ??
      (await files.answer(request)) ??
      new Response("There is nothing here.\n", { status: 404 }),
    { host: HOST, port },
  );
  const url = `http://${HOST}:${server.port}/#token=${token}`;
  report.say(
    `Showing ${target.shown}, read-only. Open this address on this machine (it has the token):\n\n  ${url}\n`,
  );
  report.say("Stop with Ctrl-C.");
  report.result({ url, target: target.shown, kind: target.kind });
  await terminal.untilStopped();
  api.stop();
  await shutDown({ server, accounts: { close: async () => {} } });
  return EXIT.done;
}

/** Refuses a target that cannot be shown before anything listens. */
async function apiOf(
  target: ReturnType<Context["target"]>,
  authorize: (token: string | undefined) => Promise<string>,
  { logger }: Context,
): Promise<Answering> {
  if (target instanceof ServiceTarget && (await target.send("HEAD", "/v1/console")).status !== 404) {
    await target.ask("GET", "/v1/console");
    return new ForwardedConsole(target, authorize);
  }
  const source = sourceOf(target);
  if (target instanceof ServiceTarget) await target.ask("GET", "/v1/accounts?limit=1");
  else await (await target.look())[Symbol.asyncDispose]();
  const host = systemHost({ logger, scheduler: processScheduler() });
  const api = new ConsoleApi({ source, authorize, version: VERSION, host });
  if (!(target instanceof ServiceTarget)) return api;
  const forwarded = new ForwardedConsole(target, authorize);
  return {
    answer: async (request) => (await api.answer(request)) ?? (await forwarded.answer(request)),
    stop: () => {
      api.stop();
      forwarded.stop();
    },
  };
}

function sourceOf(target: ReturnType<Context["target"]>): ConsoleSource {
  if (target instanceof ServiceTarget) return new ListedService(target);
  if (!isStored(target)) throw new TypeError("show target: it is of no known kind");
  return new StoredSource(lookedDatabase(target), { kind: target.kind, shown: target.shown }, systemClock);
}

/** A page of another origin may reach this machine by a name that it has made resolve to it. */
function isForUs(request: Request): boolean {
  const name = (request.headers.get("host") ?? "").replace(/:\d+$/, "").toLowerCase();
  return name === HOST || name === "localhost";
}

function misdirected(): Response {
  return new Response("The console answers to 127.0.0.1 and localhost alone.\n", { status: 421 });
}

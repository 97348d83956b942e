/** `npm start -- --serve`: the HTTP service over a database, on Node, Deno and Bun. */

import process from "node:process";
import { openAccount } from "../account/mod.ts";
import { libsqlBackend } from "../adapters/libsql/mod.ts";
import { openLibsqlDriver } from "../adapters/libsql/open_driver.ts";
import type { Backend } from "../backend/mod.ts";
import { createApp } from "../http/mod.ts";
import { type Logger, systemClock, TimerScheduler } from "../ports/mod.ts";
import { LocalAccounts, SqlRegistry } from "../service/mod.ts";
import { databaseToken } from "./database_token.ts";
import { listen } from "./listen.ts";
import type { ServeOptions } from "./options.ts";
import { adminToken, serviceGreeting, untilStopped } from "./service_session.ts";
import { shownUrl } from "./shown_url.ts";
import { shutDown } from "./shutdown.ts";

/** The account by which the database is opened at the start. Opening registers none. */
const PROBE = "default";

/** Serves until the program receives a signal to end, then flushes every account a last time. */
export async function serve({ db, host, port }: ServeOptions): Promise<void> {
  const authToken = databaseToken();
  const logger: Logger = { log: logLine };
  const admin = await adminToken();
  const open = (account: string): Promise<Backend> => libsqlBackend({ url: db, authToken, account, logger });
  // Refuses a newer database, and one of another application, before anything is written into it.
  await (await open(PROBE)).close();
  const driver = await openLibsqlDriver({ url: db, authToken, logger });
  try {
    const scheduler = new TimerScheduler();
    const accounts = new LocalAccounts({
      registry: await SqlRegistry.open(driver, systemClock),
      clock: systemClock,
      openBackend: open,
      openAccount: (account, backend) =>
        openAccount({ taskLabel: account, backend, host: { scheduler, logger } }),
    });
    const app = createApp({ accounts, adminToken: admin.token, host: { logger } });
    const server = await listen((request) => app.fetch(request), { host, port });
    process.stdout.write(serviceGreeting(`http://${host}:${server.port}`, shownUrl(db), admin));
    await untilStopped();
    if (!(await shutDown({ server, accounts }))) {
      process.stderr.write("stop: not every account was closed in 20 s, the last flush was given up\n");
      process.exit(1);
    }
  } finally {
    await driver.close();
  }
}

/** Logs only warnings and errors. */
function logLine(...[level, message, fields]: Parameters<Logger["log"]>): void {
  if (level !== "debug" && level !== "info") {
    process.stderr.write(`${JSON.stringify({ level, message, ...fields })}\n`);
  }
}

import { openAccount } from "../../../account/mod.ts";
import { AccountWatch } from "../../../console/mod.ts";
import { createApp } from "../../../http/mod.ts";
import { AccountMetrics } from "../../../metrics/mod.ts";
import { openApiDocument } from "../../../openapi/mod.ts";
import { processScheduler, systemClock, systemHost } from "../../../ports/mod.ts";
import { LocalAccounts, type ScheduledBackups, SqlRegistry } from "../../../service/mod.ts";
import { type ListenOptions, listen } from "../../listen.ts";
import { adminToken, serviceGreeting } from "../../service_session.ts";
import { shutDown } from "../../shutdown.ts";
import { EXIT } from "../command_error.ts";
import type { Context } from "../context.ts";
import { DEFAULT_ACCOUNT } from "../default_account.ts";
import type { StoredTarget } from "../targets/target.ts";
import { accountLimitsOf, type LimitFlags } from "./account_limits.ts";
import { loggedConsole } from "./console_log.ts";
import { metricsRoute } from "./metrics_route.ts";
import { Refusals } from "./refusals.ts";
import { type LeastLevel, lineLogger } from "./request_log.ts";
import { type BackupFlags, backupStarter } from "./scheduled_backups.ts";
import { serviceConsole } from "./service_console.ts";

/** Options of the application. */
export interface HttpFlags {
  readonly log?: LeastLevel | undefined;
  readonly cors?: readonly string[] | undefined;
}

/** Serves until the program receives a signal to end, then flushes every account a last time. */
export async function runService(
  context: Context,
  target: StoredTarget,
  { host, port, log = "warn", cors, ...flags }: ListenOptions & BackupFlags & LimitFlags & HttpFlags,
): Promise<number> {
  const { terminal, report } = context;
  const startBackups = await backupStarter(context, target, flags);
  const logger = lineLogger((line) => terminal.err(line), log);
  const admin = await adminToken(terminal.env);
  // Refuses a newer database, and one of another application, before anything is written into it.
  await (await target.open(DEFAULT_ACCOUNT)).close();
  const driver = await target.driver(logger);
  try {
    const scheduler = processScheduler();
    let backups: ScheduledBackups | undefined;
    const metrics = new AccountMetrics();
    const refusals = new Refusals();
    const watch = new AccountWatch(systemClock);
    const registry = await SqlRegistry.open(driver, systemClock);
    const accountLimits = accountLimitsOf(flags);
    const accounts = new LocalAccounts({
      registry,
      clock: systemClock,
      openBackend: async (account) => watch.followBackend(account, await target.open(account)),
      openAccount: (account, backend) =>
        watch.openAccount(account, { backend, scheduler }, async (listed) => {
          const host = { scheduler: listed, logger };
          const opened = await openAccount({ taskLabel: account, backend, host });
          metrics.add(opened);
          return opened;
        }),
      onRefused: (account, limit) => {
        refusals.count(limit);
        watch.refused(account, limit);
      },
      backupStats: (account) => backups?.stats(account),
    });
    const app = createApp({
      accounts,
      adminToken: admin.token,
      accountLimits,
      corsOrigins: cors,
      openApi: openApiDocument(),
      host: { logger },
    });
    const answerScrape = metricsRoute({
      ...{ registry, adminToken: admin.token, logger },
      metrics: {
        text: () =>
          metrics.text() +
          refusals.text() +
          (startBackups?.metrics.text((account) => backups?.stats(account)) ?? ""),
      },
    });
    const pages = await serviceConsole({
      ...{ target, driver, registry, accounts, accountLimits, watch, adminToken: admin.token },
      backups: () => backups && startBackups?.kept(backups),
      host: systemHost({ scheduler, logger }),
    });
    const answerConsole = loggedConsole(pages, { logger, clock: systemClock });
    const server = await listen(
      async (request) =>
        (await answerScrape(request)) ?? (await answerConsole(request)) ?? (await app.fetch(request)),
      {
        host,
        port,
      },
    );
    const url = `http://${host}:${server.port}`;
    report.say(serviceGreeting(url, target.shown, admin));
    report.result({ url, target: target.shown, ...(admin.isNew ? { adminToken: admin.token } : {}) });
    backups = startBackups?.start(accounts, systemHost({ scheduler, logger }), (account, failure) =>
      failure === undefined
        ? watch.happened(account, "backup", "It was backed up.")
        : watch.happened(account, "backupFailed", `A backup failed (${failure.code}: ${failure.message}).`),
    );
    await terminal.untilStopped();
    pages.stop();
    if (await shutDown({ server, accounts: endingWith(accounts, backups, registry) })) return EXIT.done;
    terminal.err("stop: not every account was closed in 20 s, the last flush was given up\n");
    return EXIT.failed;
  } finally {
    await driver.close();
  }
}

/** Accounts that are closed while the backup that is being made is given up. Last uses of tokens are written. */
function endingWith(
  accounts: LocalAccounts,
  backups: ScheduledBackups | undefined,
  registry: Pick<SqlRegistry, "writeUses">,
): Pick<LocalAccounts, "close"> {
  return {
    close: async () => {
      try {
        await Promise.all([backups?.stop(), accounts.close()]);
      } finally {
        // Times that are told to people alone: the end does not fail by them.
        await registry.writeUses().catch(() => {});
      }
    },
  };
}

import { overviewReads, type SqlDriver } from "../../../adapters/sqlite/mod.ts";
import {
  AccountActions,
  type AccountWatch,
  ConsoleApi,
  type KeptBackups,
  ServiceSource,
  StaticFiles,
} from "../../../console/mod.ts";
import type { Host } from "../../../ports/mod.ts";
import {
  type Admission,
  authenticate,
  findAccounts,
  hashToken,
  isAdmin,
  type LocalAccounts,
  ServiceError,
  type SqlRegistry,
} from "../../../service/mod.ts";
import { lookedDatabase } from "../console/looked_database.ts";
import { pageFiles } from "../console/page_files.ts";
import type { StoredTarget } from "../targets/target.ts";
import { VERSION } from "../version.ts";

/** What the console of a service is made of. */
export interface ServiceConsoleOptions {
  readonly target: StoredTarget;
  /** The connection of the service. */
  readonly driver: SqlDriver;
  readonly registry: SqlRegistry;
  readonly accounts: LocalAccounts;
  readonly watch: AccountWatch;
  /** Limits of accounts that have none of their own. */
  readonly accountLimits: Admission["limits"];
  readonly adminToken: string;
  /** `undefined` where the service makes no backups, and before they have begun. */
  readonly backups: () => KeptBackups | undefined;
  readonly host: Host;
}

/** The console of a service: its pages at `/`, and its API for tokens that administer the service. */
export interface ServiceConsole {
  /** Answers what is of the console; `undefined` for every other path. */
  answer(request: Request): Promise<Response | undefined>;
  /** Ends the streams. */
  stop(): void;
}

/** Makes the console of a service. */
export async function serviceConsole(options: ServiceConsoleOptions): Promise<ServiceConsole> {
  const { accounts, backups, driver, host, registry, target, watch } = options;
  const rootHash = hashToken(options.adminToken);
  // The service has brought the layout up to date.
  const schemaVersion = await schemaVersionOf(target);
  const source = new ServiceSource({
    ...{ accounts, backups, schemaVersion, watch },
    accountLimits: options.accountLimits ?? {},
    actions: new AccountActions({ accounts, watch, backups, host }),
    database: lookedDatabase(target),
    stored: overviewReads(driver, schemaVersion),
    registered: (names) => findAccounts(driver, names),
    shown: target.shown,
    clock: host.clock,
  });
  const api = new ConsoleApi({
    ...{ source, host, live: source, version: VERSION },
    authorize: async (token) => {
      const { principal } = await authenticate(token, undefined, { registry, rootHash });
      if (isAdmin(principal)) return principal.id;
      throw new ServiceError("forbidden", "use console: the token does not allow administration");
    },
  });
  watch.onChange((change) => api.updates?.note(change));
  followRegistry(registry, watch, () => void api.recheck());
  const files = new StaticFiles(pageFiles);
  return {
    answer: async (request) => (await api.answer(request)) ?? (await files.answer(request)),
    stop: () => api.stop(),
  };
}

async function schemaVersionOf(target: StoredTarget): Promise<number> {
  await using looking = await target.look();
  return looking.schema?.version ?? 0;
}

/** Tells of accounts that this service registers, limits and deletes, and of tokens that it revokes. */
function followRegistry(registry: SqlRegistry, watch: AccountWatch, onRevoked: () => void): void {
  const addAccount = registry.addAccount.bind(registry);
  const beginDelete = registry.beginDelete.bind(registry);
  const endDelete = registry.endDelete.bind(registry);
  const limitAccount = registry.limitAccount.bind(registry);
  const revokeToken = registry.revokeToken.bind(registry);
  Object.assign(registry, {
    addAccount: async (name) => {
      const before = await addAccount(name);
      watch.touch(name);
      return before;
    },
    beginDelete: async (name, registeredAtMs) => {
      const isMarked = await beginDelete(name, registeredAtMs);
      watch.touch(name);
      return isMarked;
    },
    endDelete: async (name, registeredAtMs) => {
      await endDelete(name, registeredAtMs);
      watch.forget(name);
    },
    limitAccount: async (name, registeredAtMs, limits) => {
      await limitAccount(name, registeredAtMs, limits);
      watch.touch(name);
    },
    revokeToken: async (id) => {
      const isRevoked = await revokeToken(id);
      onRevoked();
      return isRevoked;
    },
  } satisfies Partial<SqlRegistry>);
}

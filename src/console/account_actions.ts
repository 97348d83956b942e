import { BusyError, RefusedError } from "../errors/mod.ts";
import { audited } from "../http/mod.ts";
import type { Host } from "../ports/mod.ts";
import { CALLER_WIRE } from "../protocol/mod.ts";
import { deleteAccount, type LocalAccounts, ServiceError } from "../service/mod.ts";
import {
  importAccount,
  PassphraseError,
  type RetiredAccount,
  readTransferFile,
  retireAccount,
  TransferFileError,
  undoRetirement,
} from "../transfer/mod.ts";
import { summarizeError } from "../write_behind/mod.ts";
import type { AccountWatch } from "./account_watch.ts";
import type { AskedAction } from "./console_source.ts";
import type { KeptBackups } from "./kept_backups.ts";
import type { ActionName, Happening, Limits } from "./model.ts";

/** Actions that need nothing but the accounts. */
const ACTIONS: readonly ActionName[] = ["flush", "takeOver", "retire", "undo", "limit", "erase"];

/** Actions that need a place for backups. */
const BACKUP_ACTIONS: readonly ActionName[] = ["backup", "restore"];

/** How actions are named on a time line. */
const KIND_OF: Readonly<Partial<Record<ActionName, Happening["kind"]>>> = {
  backup: "backup",
  restore: "restored",
  retire: "retired",
  undo: "undone",
};

/** Days for which an account that was set aside can be brought back. */
const UNDO_DAYS = 7;

/** What actions are carried out on. */
export interface AccountActionsOptions {
  readonly accounts: LocalAccounts;
  readonly watch: AccountWatch;
  /** `undefined` where the service makes no backups. */
  readonly backups: () => KeptBackups | undefined;
  readonly host: Pick<Host, "clock" | "logger" | "random">;
}

interface Target {
  readonly name: string;
  readonly registeredAtMs: number;
  readonly id: string | undefined;
  readonly limits: Limits | undefined;
}

/** The actions of the console on the accounts of a service: one at a time for each account. */
export class AccountActions {
  readonly #options: AccountActionsOptions;
  readonly #running = new Set<string>();

  constructor(options: AccountActionsOptions) {
    this.#options = options;
  }

  get names(): readonly ActionName[] {
    return this.#options.backups() === undefined ? ACTIONS : [...ACTIONS, ...BACKUP_ACTIONS];
  }

  /**
   * Carries an action out, and says what was done. Each one leaves a line in the log and in the time line.
   *
   * @throws {ServiceError} When there is no such account, or its deletion has begun.
   * @throws {BusyError} When another action of the account is running.
   * @throws {RefusedError} When a rule forbids it: the message names the rule.
   */
  async act({ account: name, action, id, limits, by }: AskedAction): Promise<string> {
    const { accounts, host, watch } = this.#options;
    if (this.#running.has(name)) throw new BusyError(`${action}: another action of the account is running`);
    this.#running.add(name);
    const fields = { account: name, action, by };
    try {
      const { account, registeredAtMs } = await accounts.registry.admit(undefined, name);
      if (account === "absent" || registeredAtMs === undefined)
        throw new ServiceError("not-found", `${action}: no such account`);
      if (account === "deleting" && action !== "erase")
        throw new ServiceError("conflict", `${action}: the account is being deleted`);
      const target = { name, registeredAtMs, id, limits };
      const subject = limits === undefined ? id : JSON.stringify(limits);
      const record = { action: auditName(action), account: name, subject };
      const said = await audited({ principal: { id: by } }, { accounts, host }, record, () =>
        watch.whileActing(name, () => this.#run(action, target)),
      );
      // A warning, since it is no part of the traffic: an administrator has changed something.
      host.logger.log("warn", "console: an action was carried out", fields);
      if (action !== "erase") watch.happened(name, KIND_OF[action] ?? "action", said);
      return said;
    } catch (error) {
      const { code, message } = error instanceof ServiceError ? error : summarizeError(error);
      host.logger.log("warn", "console: an action failed", { ...fields, code, error: message });
      throw error;
    } finally {
      this.#running.delete(name);
      if (action !== "erase") watch.touch(name);
    }
  }

  async #run(action: ActionName, target: Target): Promise<string> {
    switch (action) {
      case "flush":
        return await this.#flush(target);
      case "takeOver":
        return await this.#takeOver(target);
      case "backup":
        return await this.#backUp(target);
      case "restore":
        return await this.#restore(target);
      case "retire":
        return await this.#retire(target);
      case "undo":
        return await this.#undo(target);
      case "limit":
        return await this.#limit(target);
      case "erase":
        return await this.#erase(target);
    }
  }

  async #flush({ name, registeredAtMs }: Target): Promise<string> {
    const report = await this.#options.accounts.account(name, registeredAtMs).flush();
    if (!report.open)
      throw new RefusedError("flush: the account is not open here, its owner saves it: take it over first");
    const refused = report.isolated === 0 ? "" : ` The database refused ${report.isolated}.`;
    return `Saved ${report.committed} changes in ${report.rows} rows.${refused}`;
  }

  async #takeOver({ name, registeredAtMs }: Target): Promise<string> {
    const { accounts } = this.#options;
    const account = accounts.account(name, registeredAtMs);
    if ((await account.stats()).open) throw new RefusedError("take over: the account is open here already");
    // Opening an account that has no device would make one.
    if ((await account.device()) === undefined)
      throw new RefusedError("take over: the account has no device yet, its client makes it");
    await account.commandDevice([]);
    return "Opened the account here. Another owner can save nothing any more.";
  }

  async #backUp({ name }: Target): Promise<string> {
    const made = await this.#keptBackups("backup").make(name);
    if (made === undefined) throw new RefusedError("backup: the account has no device yet");
    return `Made the backup ${made}.`;
  }

  async #restore({ name, registeredAtMs, id }: Target): Promise<string> {
    const { accounts, host } = this.#options;
    const backups = this.#keptBackups("restore");
    if (id === undefined) throw new RefusedError("restore: no backup was chosen");
    const file = await backups.read(name, id);
    if (file === undefined) throw new ServiceError("not-found", "restore: no backup has this name");
    const { passphrase } = backups;
    // Before anything is changed: a torn file, or one of another passphrase, is refused here.
    await readToEnd(file, passphrase);
    const again = await backups.read(name, id);
    if (again === undefined) throw new ServiceError("not-found", "restore: no backup has this name");
    const { replaced } = await accounts.whileClosed(name, registeredAtMs, (backend) =>
      importAccount(backend, again, { mode: "replace", undoDays: UNDO_DAYS, passphrase, host }),
    );
    if (replaced === undefined) return `Restored the backup ${id}.`;
    return `Restored the backup ${id}. What it replaced ${keptOf(replaced)} Retire the account first, then bring it back.`;
  }

  async #retire({ name, registeredAtMs }: Target): Promise<string> {
    const { accounts, host } = this.#options;
    const kept = await accounts.whileClosed(name, registeredAtMs, async (backend) => {
      // Such an account would be erased.
      if (!(await backend.exists()))
        throw new RefusedError("retire: the account has no device, there is nothing to set aside");
      return await retireAccount(backend, { host, undoDays: UNDO_DAYS });
    });
    return `Retired the account.${kept === undefined ? "" : ` It ${keptOf(kept)}`}`;
  }

  async #undo({ name, registeredAtMs, id }: Target): Promise<string> {
    const { accounts } = this.#options;
    // Before an account is closed that is open: what is refused changes nothing. It asks the database, since an
    // account that is open here may have been retired elsewhere.
    const asked = CALLER_WIRE.encodeRead("exists", []);
    const answer = await accounts.account(name, registeredAtMs).call(asked, { account: name });
    if (CALLER_WIRE.decodeAnswer("exists", answer as Uint8Array) === true)
      throw new RefusedError("undo: there is an account of this name, retire it first");
    const back = await accounts.whileClosed(name, registeredAtMs, (backend) => undoRetirement(backend, id));
    if (back === undefined) throw new ServiceError("not-found", "undo: no such retired account");
    return "Brought the account back. Conversations are set up anew with the first message to each device.";
  }

  async #limit({ name, registeredAtMs, limits = {} }: Target): Promise<string> {
    await this.#options.accounts.registry.limitAccount(name, registeredAtMs, limits);
    const set = Object.entries(limits).map(([rule, allowed]) => `${rule} is ${allowed}`);
    if (set.length === 0)
      return "Removed the account's own limits: those of the service hold, if it has any.";
    return `Set the account's own limits: ${set.join(", ")}.`;
  }

  async #erase({ name, registeredAtMs }: Target): Promise<string> {
    const { accounts, watch } = this.#options;
    await deleteAccount(accounts, { name, registeredAtMs });
    watch.forget(name);
    return "Erased the account with what was retired under its name, and revoked its tokens.";
  }

  #keptBackups(action: ActionName): KeptBackups {
    const backups = this.#options.backups();
    if (backups === undefined)
      throw new RefusedError(`${action}: the service makes no backups, start it with --backups`);
    return backups;
  }
}

/** The name of an action in the audit list: what HTTP offers too has one name. */
function auditName(action: ActionName): string {
  if (action === "limit") return "account.limits";
  return action === "erase" ? "account.delete" : `account.${action}`;
}

/** Says what can be brought back of an account that was set aside. */
function keptOf({ keeps }: RetiredAccount): string {
  const what =
    keeps === "identity"
      ? "its identity alone, since the rest is too large or cannot be read"
      : "its identity, app state and sessions, without skipped message keys";
  return `can be brought back for ${UNDO_DAYS} days: ${what}.`;
}

/** Reads the whole file of a backup. @throws {RefusedError} When it cannot be used. */
async function readToEnd(file: AsyncIterable<Uint8Array>, passphrase: string | undefined): Promise<void> {
  try {
    for await (const record of readTransferFile(file, { passphrase })) void record;
  } catch (error) {
    if (!(error instanceof TransferFileError || error instanceof PassphraseError)) throw error;
    throw new RefusedError(`restore: the backup cannot be used (${error.message})`, { cause: error });
  }
}

import { hexOf } from "../bytes/mod.ts";
import type { Host } from "../ports/mod.ts";
import type { AccountService, Principal } from "../service/mod.ts";
import { problemOf } from "./problem.ts";

/** Repetitions that begin within this time are one entry, in milliseconds. */
const JOINED_MS = 3_600_000;

/** Who asks for an action: the variables of an authenticated request. */
export interface AuditedCaller {
  readonly principal: Pick<Principal, "id">;
  /** For the log. */
  readonly requestId?: string | undefined;
}

/** Where actions are recorded. */
export interface AuditParts {
  readonly accounts: Pick<AccountService, "registry">;
  readonly host: Pick<Host, "clock" | "logger" | "random">;
}

/** An action, and what it is about. */
export interface AuditedAction {
  /** `account.create`, `token.issue`, … */
  readonly action: string;
  readonly account?: string | undefined;
  readonly subject?: string | undefined;
}

/** Whether what one token repeats on one account is one entry an hour: it could fill the list otherwise. */
export interface AuditedOptions {
  readonly joined?: boolean | undefined;
}

/**
 * Carries out an action that the list of administrators' actions has. It is recorded before it begins: if
 * that fails, it is not carried out. Its outcome is `done` or the code of a problem.
 */
export async function audited<T>(
  { principal, requestId }: AuditedCaller,
  { accounts: { registry }, host: { clock, logger, random } }: AuditParts,
  action: AuditedAction,
  carryOut: () => Promise<T>,
  { joined = false }: AuditedOptions = {},
): Promise<T> {
  const [by, atMs] = [principal.id, clock.nowMs()];
  const key = joined
    ? `${by} ${Math.floor(atMs / JOINED_MS)} ${action.action} ${action.account}`
    : hexOf(random.bytes(16));
  const record = { ...action, key, atMs, by };
  await registry.recordAction(record);
  let outcome = "done";
  try {
    return await carryOut();
  } catch (error) {
    outcome = problemOf(error, "").code;
    throw error;
  } finally {
    await registry.recordAction({ ...record, outcome }).catch(() => {
      logger.log("error", "http: the outcome of an action was not recorded", { requestId });
    });
  }
}

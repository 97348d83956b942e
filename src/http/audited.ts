import type { Context } from "hono";
import { hexOf } from "../bytes/mod.ts";
import type { AppContext } from "./app_context.ts";
import type { AppEnv } from "./app_env.ts";
import { problemOf } from "./problem.ts";

/** An action, and what it is about. */
export interface AuditedAction {
  /** `account.create`, `token.issue`, … */
  readonly action: string;
  readonly account?: string | undefined;
  readonly subject?: string | undefined;
}

/**
 * Carries out an action that the list of administrators' actions has. It is recorded before it begins: if
 * that fails, it is not carried out. Its outcome is `done` or the code of a problem.
 */
export async function audited<T>(
  c: Context<AppEnv>,
  { accounts: { registry }, host: { clock, logger, random } }: Pick<AppContext, "accounts" | "host">,
  action: AuditedAction,
  carryOut: () => Promise<T>,
): Promise<T> {
  const key = hexOf(random.bytes(16));
  const record = { ...action, key, atMs: clock.nowMs(), by: c.get("principal").id };
  await registry.recordAction(record);
  let outcome = "done";
  try {
    return await carryOut();
  } catch (error) {
    outcome = problemOf(error, "").code;
    throw error;
  } finally {
    await registry.recordAction({ ...record, outcome }).catch(() => {
      logger.log("error", "http: the outcome of an action was not recorded", {
        requestId: c.get("requestId"),
      });
    });
  }
}

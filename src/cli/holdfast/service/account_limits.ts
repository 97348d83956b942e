import { type Command, InvalidArgumentError } from "commander";
import type { AppOptions } from "../../../http/mod.ts";

/** Limits of accounts that have none of their own. */
export interface LimitFlags {
  readonly maxBytes?: number | undefined;
  readonly maxRows?: number | undefined;
  readonly maxRequests?: number | undefined;
}

/** Adds the limits of accounts. @param unless When they do not hold, with a comma before it. */
export function withAccountLimits(command: Command, unless = ", if it has no limit of its own"): Command {
  return command
    .option("--max-bytes <number>", `most bytes that an account may store${unless}`, parseAmount)
    .option("--max-rows <number>", `most rows that an account may store${unless}`, parseAmount)
    .option("--max-requests <number>", `most requests for an account in a minute${unless}`, parseAmount);
}

/** The limits that the flags name. */
export function accountLimitsOf({ maxBytes, maxRows, maxRequests }: LimitFlags): AppOptions["accountLimits"] {
  const named = Object.entries({ maxBytes, maxRows, requestsPerMinute: maxRequests });
  return Object.fromEntries(named.filter(([, amount]) => amount !== undefined));
}

function parseAmount(text: string): number {
  const amount = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  if (amount === 0) throw new InvalidArgumentError("expected a number of 1 to 999999999999999.");
  return amount;
}

import type { Limits, LimitsInUse } from "../../src/console/model.ts";
import { bytes, count, things } from "./numbers.ts";

/** The limits of an account, as they are named on the pages. */
export const LIMIT_NAMES: Readonly<Record<keyof Limits, string>> = {
  maxBytes: "Stored bytes",
  maxRows: "Stored rows",
  requestsPerMinute: "Requests a minute",
};

/** A limit of what is stored, and how much of it is used. */
export interface LimitUse {
  readonly name: string;
  readonly allowed: number;
  /** `undefined` where it was not measured. */
  readonly used: number | undefined;
  /** Both in words. */
  readonly text: string;
}

/** The limits of what is stored. */
export function storedLimits({ maxBytes, maxRows, bytes: usedBytes, rows }: LimitsInUse): LimitUse[] {
  const uses: LimitUse[] = [];
  const add = (
    rule: keyof Limits,
    allowed: number | undefined,
    used: number | undefined,
    of: string,
  ): void => {
    if (allowed === undefined) return;
    const words = rule === "maxBytes" ? bytes : count;
    const text = used === undefined ? of : `${words(used)} of ${of}`;
    uses.push({ name: LIMIT_NAMES[rule], allowed, used, text });
  };
  add("maxBytes", maxBytes, usedBytes, bytes(maxBytes ?? 0));
  add("maxRows", maxRows, rows, things(maxRows ?? 0, "row"));
  return uses;
}

/** How much of a limit is used: 1 at the limit. `undefined` where it was not measured. */
export function shareOf(use: LimitUse | undefined): number | undefined {
  if (use?.used === undefined) return undefined;
  return use.allowed === 0 ? 1 : use.used / use.allowed;
}

/** The limit of which the most is used, of those that were measured. */
export function fullestOf(limits: LimitsInUse): LimitUse | undefined {
  const measured = storedLimits(limits).filter(({ used }) => used !== undefined);
  return measured.sort((a, b) => (shareOf(b) ?? 0) - (shareOf(a) ?? 0))[0];
}

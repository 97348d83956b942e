import type { AccountEvent } from "../metrics/mod.ts";
import type { Happening } from "./model.ts";

/** What an event of an open account is on its time line. */
export function happeningOf(
  event: Exclude<AccountEvent, { readonly kind: "flush" }>,
): Omit<Happening, "atMs"> {
  switch (event.kind) {
    case "retry": {
      const { code, message } = event.error;
      const kind = code === "ambiguous" ? "ambiguous" : "commitFailed";
      return { kind, text: `A save failed and is tried again (${code}: ${message}).` };
    }
    case "saverHalted":
      return {
        kind: "halted",
        text: `Saving is halted after ${event.consecutiveFailures} failures in a row.`,
      };
    case "saverResumed":
      return { kind: "recovered", text: `Saving goes on after ${event.failures} failures.` };
    case "fenced":
      return { kind: "fenced", text: "Another owner has opened it: it saves nothing here any more." };
    case "quarantined": {
      const record = event.store === "session" ? "session" : "sender key";
      return { kind: "quarantined", text: `A stored ${record} was invalid and set aside (${event.reason}).` };
    }
    case "restored":
      return {
        kind: "restored",
        text: `The database was an older copy: restore epoch ${event.restoreEpoch}.`,
      };
  }
}

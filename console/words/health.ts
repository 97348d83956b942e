import type { KnownHealth } from "../api/source.ts";
import { minute } from "./numbers.ts";

/** How urgent it is: something is or will be lost, something is unfinished, or nothing is to be done. */
export type Urgency = "act" | "watch" | "calm";

/** The words of a health. */
export interface HealthWords {
  readonly label: string;
  readonly urgency: Urgency;
  /** What it means. */
  readonly means: string;
  /** What to do. Left out where nothing is to be done. */
  readonly advice?: string;
}

/** Every health, the worst first. */
export const HEALTH_ORDER: readonly KnownHealth[] = [
  "damaged",
  "failing",
  "fenced",
  "limited",
  "held",
  "late",
  "deleting",
  "ok",
  "elsewhere",
  "unused",
  "unknown",
];

export const HEALTH_WORDS: Readonly<Record<KnownHealth, HealthWords>> = {
  damaged: {
    label: "Damaged",
    urgency: "act",
    means: "Its database has damaged rows, or rows that were set aside because they could not be read.",
    advice:
      "Verify it to see what is damaged. Peers set up damaged sessions anew by themselves; a damaged device needs a backup.",
  },
  failing: {
    label: "Failing",
    urgency: "act",
    means: "Its last saves failed. What changed since waits in memory.",
    advice:
      "Look at the database: disk space, permissions, connection. Do not stop the process before a save succeeds, or what waits is lost.",
  },
  fenced: {
    label: "Fenced",
    urgency: "act",
    means: "Another owner has opened it while it was open here. This one can save nothing more.",
    advice:
      "Find the second process and stop one of the two. Then the account is opened again by the other one.",
  },
  limited: {
    label: "At its limit",
    urgency: "act",
    means: "It stores as much as it may: commits that store more are refused.",
    advice:
      "Raise the limit if the account needs more, or see what its bot stores. " +
      "What is refused waits in the memory of the bot, and is saved once there is room.",
  },
  held: {
    label: "Held",
    urgency: "watch",
    means: "An import or a move is not finished, so it does not open.",
    advice: "Resume or abort the move, or run the import again.",
  },
  late: {
    label: "Late",
    urgency: "watch",
    means: "It is open here, and state waits longer than the save interval.",
    advice: "If it stays for more than a minute, the database is too slow or too busy.",
  },
  deleting: {
    label: "Deleting",
    urgency: "watch",
    means: "Its deletion is not finished. It cannot be used.",
    advice: "Erase it again to go on with the deletion.",
  },
  ok: { label: "OK", urgency: "calm", means: "It is open here, and everything is saved in time." },
  elsewhere: {
    label: "Elsewhere",
    urgency: "calm",
    means:
      "It is not open here. A process elsewhere may have it, and whether that saves is not visible here.",
  },
  unused: { label: "Unused", urgency: "calm", means: "It is registered and was never opened." },
  unknown: {
    label: "Not asked",
    urgency: "calm",
    means: "This service tells the health of one account at a time.",
  },
};

/** How many rows have each health. */
export type HealthCounts = Readonly<Record<KnownHealth, number>>;

/** The state of all accounts in one sentence, and what is to be done first. */
export interface Verdict {
  /** `unknown` where something is not visible here: accounts elsewhere, old answers, or accounts not asked. */
  readonly urgency: Urgency | "unknown";
  readonly headline: string;
  readonly detail: string;
}

/** When the first and the last of some answers were given, by the clock of this machine. */
export interface AskedTimes {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Sums up the healths of accounts. With the times of `asked` the answers are of the past, so nothing is said of
 * the present.
 */
export function verdictOf(counts: HealthCounts, asked?: AskedTimes): Verdict {
  const sum = (urgency: Urgency): number =>
    HEALTH_ORDER.filter((health) => HEALTH_WORDS[health].urgency === urgency).reduce(
      (total, health) => total + counts[health],
      0,
    );
  const [act, watch] = [sum("act"), sum("watch")];
  const total = act + watch + sum("calm");
  const parts = HEALTH_ORDER.filter((health) => counts[health] > 0).map((health) =>
    health === "ok"
      ? `${countOf(counts.ok)} open here and saved in time`
      : `${countOf(counts[health])} ${HEALTH_WORDS[health].label.toLowerCase()}`,
  );
  const summary = `${countOf(total)} ${total === 1 ? "account" : "accounts"}${parts.length === 0 ? "" : `: ${parts.join(", ")}`}.`;
  const detail = asked === undefined ? summary : `${summary} ${askedAt(asked)}`;
  if (act > 0)
    return {
      urgency: "act",
      headline: act === 1 ? "One account needs you" : `${countOf(act)} accounts need you`,
      detail,
    };
  if (watch > 0)
    return {
      urgency: "watch",
      headline: watch === 1 ? "One account to watch" : `${countOf(watch)} accounts to watch`,
      detail,
    };
  if (total > 0 && counts.unknown === total)
    return { urgency: "unknown", headline: `${countOf(total)} accounts`, detail: "None was asked yet." };
  if (counts.elsewhere > 0) {
    const found = counts.unknown === 0 ? "No damage found" : "No damage found in what was asked";
    return { urgency: "unknown", headline: `${found}. ${elsewhereOf(counts.elsewhere)}`, detail };
  }
  if (counts.unknown > 0) return { urgency: "unknown", headline: "What was asked was well", detail };
  if (asked !== undefined) return { urgency: "unknown", headline: "All was well when asked", detail };
  return { urgency: "calm", headline: "All is well", detail };
}

function elsewhereOf(accounts: number): string {
  return accounts === 1
    ? "One account runs elsewhere: its saving is not visible here"
    : `${countOf(accounts)} accounts run elsewhere: their saving is not visible here`;
}

function askedAt({ fromMs, toMs }: AskedTimes): string {
  const [from, to] = [minute(fromMs), minute(toMs)];
  return from === to ? `Asked at ${from}.` : `Asked from ${from} to ${to}.`;
}

const COUNT = new Intl.NumberFormat("en");

function countOf(count: number): string {
  return COUNT.format(count);
}

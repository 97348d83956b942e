/** What clients do in an object, and what it may cost. */

import type { Durability } from "../../src/signal/mod.ts";

/** A thousand messages on one session. */
export interface SendPattern {
  readonly what: string;
  /** Time between two messages; `undefined` for all of them in one turn of the event loop. */
  readonly intervalMs: number | undefined;
  /** Whether the memory is lost between any two messages. */
  readonly isEvicted?: boolean;
  /** Whether every other message is received, so that each message that is sent begins a chain. */
  readonly isPingPong?: boolean;
  readonly durability?: Durability;
  /** Limit of billed rows, alarms included. */
  readonly maxRows?: number;
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

const inTurn = (what: string, intervalMs: number, durability: Durability, maxRows: number): SendPattern => ({
  ...{
    what: `in turn, one message ${what}, ${durability}`,
    intervalMs,
    isPingPong: true,
    durability,
    maxRows,
  },
});

/** The name of a pattern: the last part of an entry's name. */
export type SendPatternName =
  | "burst"
  | "burst_over_turns"
  | "at_20_per_s"
  | "at_1_per_s"
  | "at_1_per_5_s"
  | "at_1_per_min_kept"
  | "at_1_per_min_evicted"
  | "at_1_per_hour"
  | "pingpong_strict"
  | "pingpong_relaxed"
  | "slow_pingpong_strict_20_s"
  | "slow_pingpong_relaxed_20_s"
  | "slow_pingpong_strict_1_min"
  | "slow_pingpong_relaxed_1_min";

export const SEND_PATTERNS: Readonly<Record<SendPatternName, SendPattern>> = {
  burst: { what: "in one turn of the event loop", intervalMs: undefined, maxRows: 22 },
  burst_over_turns: { what: "without a pause, each in a turn of its own", intervalMs: 0 },
  at_20_per_s: { what: "20 a second", intervalMs: 50, maxRows: 25 },
  at_1_per_s: { what: "one a second", intervalMs: SECOND_MS, maxRows: 45 },
  at_1_per_5_s: { what: "one every five seconds", intervalMs: 5 * SECOND_MS, maxRows: 1_040 },
  at_1_per_min_kept: { what: "one a minute, the memory kept", intervalMs: MINUTE_MS, maxRows: 1_040 },
  at_1_per_min_evicted: {
    ...{ what: "one a minute, the memory lost after each", intervalMs: MINUTE_MS },
    ...{ isEvicted: true, maxRows: 1_040 },
  },
  at_1_per_hour: {
    ...{ what: "one an hour, the memory lost after each", intervalMs: HOUR_MS },
    ...{ isEvicted: true, maxRows: 1_005 },
  },
  pingpong_strict: inTurn("a second", SECOND_MS, "strict", 525),
  pingpong_relaxed: inTurn("a second", SECOND_MS, "relaxed", 40),
  slow_pingpong_strict_20_s: inTurn("every 20 seconds", 20 * SECOND_MS, "strict", 1_040),
  slow_pingpong_relaxed_20_s: inTurn("every 20 seconds", 20 * SECOND_MS, "relaxed", 1_040),
  slow_pingpong_strict_1_min: inTurn("a minute", MINUTE_MS, "strict", 1_040),
  slow_pingpong_relaxed_1_min: inTurn("a minute", MINUTE_MS, "relaxed", 1_040),
};

import { SeededRandom } from "../../src/testing/mod.ts";
import { issueKitToken, registerAccount } from "../kit/service.ts";
import { ACCOUNT_MODEL, type AccountOp, type AccountState } from "./account_model.ts";
import { checkHistory, type Inexplicable, type Operation, TooWideError } from "./check_history.ts";
import { type Client, type ClientOptions, OwnerClient, RouteClient, SharingClient } from "./clients.ts";
import { Recorder } from "./recorder.ts";
import { settleHistory } from "./settle_history.ts";

/** A service that answers requests. */
export interface HistoryService {
  readonly url: string;
  readonly send: typeof fetch;
}

/** Operations of a history that show more than the last ones do. */
const SHOWN = 40;

/** What a run did. */
export interface HistoryReport {
  readonly history: readonly Operation<AccountOp>[];
  /** Requests and answers that were lost, and requests that arrived late. */
  readonly lost: number;
  readonly late: number;
  /** The first answer that no order explains, and the seed; `undefined` when there is an order. */
  readonly finding: string | undefined;
  /** Whether too much overlapped to be checked. */
  readonly isUndecided: boolean;
}

/** Lets clients use one account of a service at once, and checks what they were answered. */
export async function runHistory(
  { url, send }: HistoryService,
  { seed, steps }: { readonly seed: number; readonly steps: number },
): Promise<HistoryReport> {
  const account = `history ${seed}`;
  await registerAccount(send, url, account);
  const token = await issueKitToken(send, url);
  const recorder = new Recorder();
  const seeds = new SeededRandom(seed);
  let value = 0;
  const nextValue = (): number => {
    value += 1;
    return value;
  };
  const optionsOf = (): ClientOptions => ({
    ...{ url, account, token, send, recorder, nextValue },
    seed: seeds.uint32() % 1_000_000,
  });
  const clients: Client[] = [
    await OwnerClient.open("owner 1", optionsOf()),
    await OwnerClient.open("owner 2", optionsOf()),
    await SharingClient.open("sharing 1", optionsOf()),
    await SharingClient.open("sharing 2", optionsOf()),
    await RouteClient.open("routes", optionsOf()),
  ];
  await Promise.all(clients.map((client) => client.run(steps)));
  // What everybody would see afterwards.
  const last = await SharingClient.open("last", optionsOf());
  await last.look();
  const found = firstInexplicable(recorder.history);
  const sum = (of: "late" | "lost"): number =>
    clients.reduce((total, { network }) => total + network.counts[of], 0);
  return {
    history: recorder.history,
    lost: sum("lost"),
    late: sum("late"),
    isUndecided: found === "undecided",
    finding: typeof found === "object" ? describe(found, recorder.history, seed) : undefined,
  };
}

function firstInexplicable(
  history: readonly Operation<AccountOp>[],
): Inexplicable<AccountState, AccountOp> | "undecided" | undefined {
  try {
    return checkHistory(ACCOUNT_MODEL, settleHistory(history));
  } catch (error) {
    if (error instanceof TooWideError) return "undecided";
    throw error;
  }
}

function describe(
  { operation, states, underWay }: Inexplicable<AccountState, AccountOp>,
  history: readonly Operation<AccountOp>[],
  seed: number,
): string {
  const before = history
    .filter(({ calledAt }) => calledAt < (operation.answeredAt ?? Number.POSITIVE_INFINITY))
    .slice(-SHOWN);
  return [
    `seed ${seed}: no order of the operations explains ${lineOf(operation)}`,
    `possible before it: ${states.map((state) => ACCOUNT_MODEL.keyOf(state)).join(" or ")}`,
    `under way: ${underWay.map(lineOf).join("; ")}`,
    ...before.map(lineOf),
  ].join("\n");
}

function lineOf({ client, op, calledAt, answeredAt }: Operation<AccountOp>): string {
  return `${calledAt}–${answeredAt ?? "?"} ${client}: ${JSON.stringify(op)}`;
}

import type { AccountOp, CommitOutcome, KeyWrite } from "./account_model.ts";
import type { Operation } from "./check_history.ts";

type Commit = AccountOp & { readonly kind: "commit" };

/**
 * Says of commits what the other answers say of them, since a search that leaves each of them open takes long.
 * The history that it returns has an order exactly when the given one has. A value is written by one commit,
 * and by those that send it again.
 *
 * - One whose value or owner a client saw, and that was not sent again, took effect before that was answered.
 * - One without an answer, of whose values no client saw any, and that neither deletes nor changes the owner,
 *   could only make later deletes find a row. It is left out, and the rows that those have changed do not
 *   count.
 */
export function settleHistory(history: readonly Operation<AccountOp>[]): readonly Operation<AccountOp>[] {
  const seenAt = whenSeen(history);
  const senders = countSenders(history);
  const settled: Operation<AccountOp>[] = [];
  /** From when on deletes of a key may find a row of a commit that is left out. */
  const uncertainFrom = new Map<string, number>();
  for (const operation of history) {
    const { op, calledAt, answeredAt } = operation;
    if (op.kind !== "commit" || op.outcome.kind === "fenced") {
      settled.push(operation);
      continue;
    }
    const seen = tracesOf(op).filter((trace) => seenAt.has(trace));
    const own = seen.filter((trace) => senders.get(trace) === 1).map((trace) => seenAt.get(trace) as number);
    const doneAt = Math.min(answeredAt ?? Number.POSITIVE_INFINITY, ...own);
    if (doneAt < Number.POSITIVE_INFINITY) {
      const outcome: CommitOutcome = op.outcome.kind === "done" ? op.outcome : { kind: "done", rows: [] };
      settled.push({ ...operation, op: { ...op, outcome }, answeredAt: doneAt });
    } else if (seen.length === 0 && isHidden(op)) {
      for (const { key } of op.writes)
        uncertainFrom.set(key, Math.min(calledAt, uncertainFrom.get(key) ?? calledAt));
    } else {
      settled.push(operation);
    }
  }
  return settled.map((operation) => withoutUncertainRows(operation, uncertainFrom));
}

/** What others can see of a commit: its values, and the owner that it stores. */
function tracesOf({ writes, guard }: Commit): readonly string[] {
  const takes = guard?.next !== undefined && guard.next.owner !== guard.owner;
  return [
    ...writes.flatMap(({ value }) => (value === undefined ? [] : [`value ${value}`])),
    ...(takes ? [`owner ${guard.next?.owner}`] : []),
  ];
}

/** How many commits have each trace. */
function countSenders(history: readonly Operation<AccountOp>[]): ReadonlyMap<string, number> {
  const senders = new Map<string, number>();
  for (const { op } of history) {
    if (op.kind !== "commit") continue;
    for (const trace of tracesOf(op)) senders.set(trace, (senders.get(trace) ?? 0) + 1);
  }
  return senders;
}

/** When each trace was seen for the first time, at the latest. */
function whenSeen(history: readonly Operation<AccountOp>[]): ReadonlyMap<string, number> {
  const seenAt = new Map<string, number>();
  const see = (what: string, at: number): void => {
    seenAt.set(what, Math.min(at, seenAt.get(what) ?? at));
  };
  for (const { op, answeredAt } of history) {
    if (answeredAt === undefined) continue;
    if (op.kind === "read") for (const value of op.values) see(`value ${value}`, answeredAt);
    if (op.kind === "owner" && op.answer !== undefined) see(`owner ${op.answer.owner}`, answeredAt);
  }
  return seenAt;
}

function isHidden({ writes, guard }: Commit): boolean {
  return guard?.next === undefined && writes.every(({ value }) => value !== undefined);
}

function withoutUncertainRows(
  operation: Operation<AccountOp>,
  uncertainFrom: ReadonlyMap<string, number>,
): Operation<AccountOp> {
  const { op, answeredAt } = operation;
  if (op.kind !== "commit" || op.outcome.kind !== "done" || answeredAt === undefined) return operation;
  const { writes, outcome } = op;
  const isUncertain = ({ key }: KeyWrite): boolean => (uncertainFrom.get(key) ?? answeredAt) < answeredAt;
  const rows = outcome.rows.map((count, index) =>
    isUncertain(writes[index] as KeyWrite) ? undefined : count,
  );
  return { ...operation, op: { ...op, outcome: { kind: "done", rows } } };
}

import type { OwnerGuard } from "../../src/backend/mod.ts";
import type { SequentialModel } from "./check_history.ts";

/** The service itself as an owner: its tokens are its own. */
export const SERVICE = "the service";

/** An owner and an epoch; `undefined` before the first one. */
export interface Owner {
  readonly owner: string;
  readonly epoch: number;
}

/** What one write of a commit does. Without a value it deletes. */
export interface KeyWrite {
  readonly key: string;
  readonly value: number | undefined;
}

/** What a commit came to. */
export type CommitOutcome =
  /** Applied, with the rows that each write changed where they are known. */
  | { readonly kind: "done"; readonly rows: readonly (number | undefined)[] }
  | { readonly kind: "fenced" }
  | { readonly kind: "unknown" };

/** An operation on an account, with its answer. */
export type AccountOp =
  | {
      readonly kind: "read";
      readonly keys: readonly string[];
      readonly values: readonly (number | undefined)[];
    }
  | { readonly kind: "owner"; readonly answer: Owner | undefined }
  | {
      readonly kind: "commit";
      readonly writes: readonly KeyWrite[];
      readonly guard: Pick<OwnerGuard, "owner" | "minEpoch" | "maxEpoch" | "next"> | undefined;
      readonly outcome: CommitOutcome;
    }
  /** A command that the service carries out under its own ownership, which it takes for it. */
  | {
      readonly kind: "command";
      readonly write: KeyWrite;
      readonly outcome: "done" | "refused" | "unknown";
    };

/** An account between two operations. */
export interface AccountState {
  readonly owner: Owner | undefined;
  readonly values: ReadonlyMap<string, number>;
}

/** One account as a map of values with an owner: an operation after the other. */
export const ACCOUNT_MODEL: SequentialModel<AccountState, AccountOp> = {
  initial: { owner: undefined, values: new Map() },
  keyOf: ({ owner, values }) => JSON.stringify([owner?.owner, owner?.epoch, [...values].sort(byKey)]),
  step(state, op) {
    switch (op.kind) {
      case "read":
        return op.keys.every((key, index) => state.values.get(key) === op.values[index]) ? state : undefined;
      case "owner":
        return op.answer?.owner === state.owner?.owner && op.answer?.epoch === state.owner?.epoch
          ? state
          : undefined;
      case "commit":
        return commit(state, op);
      case "command":
        if (op.outcome === "refused") return state;
        return state.owner?.owner === SERVICE ? apply(state, [op.write]).state : undefined;
    }
  },
  changesNothing(op) {
    if (op.kind === "commit") return op.outcome.kind === "fenced";
    return op.kind !== "command" || op.outcome === "refused";
  },
  aside(state, op) {
    if (op.kind !== "command" || state.owner?.owner === SERVICE) return undefined;
    return { ...state, owner: { owner: SERVICE, epoch: (state.owner?.epoch ?? 0) + 1 } };
  },
};

function commit(
  state: AccountState,
  { guard, writes, outcome }: AccountOp & { kind: "commit" },
): AccountState | undefined {
  const epoch = state.owner?.epoch ?? 0;
  const holds =
    guard === undefined ||
    (guard.owner === state.owner?.owner && guard.minEpoch <= epoch && epoch <= guard.maxEpoch);
  if (outcome.kind === "fenced") return holds ? undefined : state;
  if (!holds) return undefined;
  const applied = apply(state, writes);
  if (outcome.kind === "done") {
    const isSame = applied.rows.every((rows, index) => (outcome.rows[index] ?? rows) === rows);
    if (!isSame) return undefined;
  }
  return { ...applied.state, owner: guard?.next ?? state.owner };
}

function apply(
  { owner, values }: AccountState,
  writes: readonly KeyWrite[],
): { state: AccountState; rows: number[] } {
  const next = new Map(values);
  const rows = writes.map(({ key, value }) => {
    if (value === undefined) return next.delete(key) ? 1 : 0;
    next.set(key, value);
    return 1;
  });
  return { state: { owner, values: next }, rows };
}

function byKey([a]: readonly [string, number], [b]: readonly [string, number]): number {
  return a < b ? -1 : 1;
}

import type { DeviceCommand, RedactedDevice } from "../device/mod.ts";
import type { CallAnswer, CallScope } from "../protocol/mod.ts";
import type { AccountHandle, AccountSnapshot, SnapshotOptions } from "./account_handle.ts";
import type { AccountStats, FlushSummary } from "./account_stats.ts";
import type { Permission } from "./registry.ts";

/** The arguments of operations, by kind. A host has one reader and one carrier for each kind. */
export interface OperationInputs {
  nothing: [];
  commands: [commands: readonly DeviceCommand[]];
  redaction: [options: SnapshotOptions];
  call: [body: Uint8Array, scope: CallScope];
}

/** The results of operations, by kind. A host has one writer and one carrier for each kind. */
export interface OperationAnswers {
  device: RedactedDevice | undefined;
  flush: FlushSummary;
  stats: AccountStats;
  snapshot: AccountSnapshot;
  call: CallAnswer;
  nothing: Awaited<ReturnType<AccountHandle["deleteAccount"]>>;
}

/** One row of the table of operations. */
export interface OperationRow<
  Takes extends keyof OperationInputs = keyof OperationInputs,
  Answers extends keyof OperationAnswers = keyof OperationAnswers,
> {
  /** Path below the account: segments that begin with a slash. Empty for the account itself. */
  readonly path: string;
  readonly effect: "read" | "change" | "delete";
  /** The permission that a token needs. */
  readonly permission: Permission;
  /** Whether an admin token allows it as well. */
  readonly admin?: true;
  readonly takes: Takes;
  readonly answers: Answers;
}

/**
 * Every operation on an account. Forwarders, routes and the paths of the OpenAPI document derive from this
 * table. A new operation is a method of `AccountHandle`, its row here, its implementation in `HostedAccount`,
 * and its words in `src/openapi`; the code does not compile until all exist. See docs/design/changes.md.
 */
export const ACCOUNT_OPERATIONS = {
  device: {
    path: "/device",
    effect: "read",
    permission: "account",
    takes: "nothing",
    answers: "device",
  },
  commandDevice: {
    path: "/device/commands",
    effect: "change",
    permission: "account",
    takes: "commands",
    answers: "flush",
  },
  flush: {
    path: "/flush",
    effect: "change",
    permission: "account",
    takes: "nothing",
    answers: "flush",
  },
  stats: {
    path: "/stats",
    effect: "read",
    permission: "account",
    admin: true,
    takes: "nothing",
    answers: "stats",
  },
  snapshot: {
    path: "/snapshot",
    effect: "read",
    permission: "account",
    takes: "redaction",
    answers: "snapshot",
  },
  call: {
    path: "/backend",
    effect: "change",
    permission: "account",
    takes: "call",
    answers: "call",
  },
  deleteAccount: {
    path: "",
    effect: "delete",
    permission: "erase",
    admin: true,
    takes: "nothing",
    answers: "nothing",
  },
} as const;

/** The name of an operation. */
export type AccountOperation = keyof typeof ACCOUNT_OPERATIONS;

/** The operations that an open account carries out itself. Its host carries out the deletion. */
export type HostedOperation = Exclude<AccountOperation, "deleteAccount">;

/** The names of all operations. */
export const OPERATION_NAMES: readonly AccountOperation[] = Object.keys(
  ACCOUNT_OPERATIONS,
) as AccountOperation[];

type Same<A, B> = [A, B] extends [B, A] ? true : false;

type KindOf<Kinds, T> = {
  [Kind in keyof Kinds]: Same<Kinds[Kind], T> extends true ? Kind : never;
}[keyof Kinds];

/** The row of each operation, whose kinds are those of the method's arguments and result. */
type Rows = {
  readonly [Name in keyof AccountHandle]: OperationRow<
    KindOf<OperationInputs, Parameters<AccountHandle[Name]>>,
    KindOf<OperationAnswers, Awaited<ReturnType<AccountHandle[Name]>>>
  >;
};

/** Returns the row of an operation. */
export function operationRow(operation: AccountOperation): OperationRow {
  const rows: Rows = ACCOUNT_OPERATIONS;
  return rows[operation];
}

/**
 * Creates the handle of an account elsewhere. Each operation calls `forward` with its name and its arguments.
 */
export function forwardOperations(
  forward: (operation: AccountOperation, input: readonly unknown[]) => Promise<unknown>,
): AccountHandle {
  const methods = OPERATION_NAMES.map((name) => [name, (...input: unknown[]) => forward(name, input)]);
  return Object.fromEntries(methods) as AccountHandle;
}

/** Carries out an operation on a local account, with the arguments that `forwardOperations` received. */
export async function runOperation(
  account: Pick<AccountHandle, HostedOperation>,
  operation: HostedOperation,
  input: readonly unknown[],
): Promise<OperationAnswers[keyof OperationAnswers]> {
  const run = account[operation] as (...args: unknown[]) => ReturnType<AccountHandle[HostedOperation]>;
  return await run.apply(account, [...input]);
}

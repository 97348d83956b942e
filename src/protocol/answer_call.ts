import { type Backend, READS, type Write } from "../backend/mod.ts";
import { ArgumentTypeError, RefusedError } from "../errors/mod.ts";
import { Pacer } from "../ports/mod.ts";
import { frameOf } from "./frames.ts";
import type { BackendCall, Wire, WireMethod } from "./wire.ts";

/** Items per frame of a streamed answer. */
const ITEMS_PER_FRAME = 500;

/** Maximum number of keys of one batched read. */
const MAX_KEYS = 100_000;

/** Permissions of a caller. */
export interface CallScope {
  /** The only account of the database that the caller may see; all accounts when `undefined`. */
  readonly account: string | undefined;
}

/**
 * An answer: one body, or frames of bodies. `cut` resolves when the host ends a streamed answer before its
 * reader does.
 */
export type CallAnswer =
  | Uint8Array
  | (AsyncIterable<Uint8Array> & { readonly cut?: Promise<Error> | undefined });

/**
 * Executes a call on a backend, which checks its arguments, writes and guard. Answers in the version of the
 * call.
 *
 * @param scope A caller of one account can neither list nor delete other accounts.
 * @throws {StoreError} The error of the backend.
 * @throws {TypeError | RangeError} When an argument, a write or the guard is invalid. Nothing was written.
 */
export async function answerCall(backend: Backend, call: BackendCall, scope: CallScope): Promise<CallAnswer> {
  const { wire } = call;
  if (call.kind === "commit") {
    await refuseForeignAccounts(backend, call.writes, scope);
    return wire.encodeCounts(await backend.commit(call.writes, { guard: call.guard }));
  }
  const { method, args } = call;
  for (const arg of args) {
    if (Array.isArray(arg) && arg.length > MAX_KEYS)
      throw new ArgumentTypeError(`${method}: more than ${MAX_KEYS} keys`);
  }
  const answer = await read(backend, method, args, scope);
  return isStreamed(method)
    ? frames(wire, method, answer as AsyncIterable<unknown>)
    : wire.encodeAnswer(method, answer);
}

function isStreamed(method: WireMethod): boolean {
  return method in READS && READS[method as keyof typeof READS].streams === true;
}

async function read(
  backend: Backend,
  method: WireMethod,
  args: readonly unknown[],
  { account }: CallScope,
): Promise<unknown> {
  if (method === "capabilities") return backend.capabilities;
  if (method === "listAccounts" && account !== undefined) {
    return (await backend.listAccounts()).filter((listed) => listed.account === account);
  }
  return await (
    backend[method] as (...args: readonly unknown[]) => Promise<unknown> | AsyncIterable<unknown>
  )(...args);
}

/** @throws {RefusedError} When a write deletes an account that the caller may not see. */
async function refuseForeignAccounts(
  backend: Backend,
  writes: readonly Write[],
  { account }: CallScope,
): Promise<void> {
  if (account === undefined || !writes.some(({ kind }) => kind === "account.delete")) return;
  const own = await backend.create();
  const writeIndex = writes.findIndex((write) => write.kind === "account.delete" && write.accountId !== own);
  if (writeIndex >= 0) throw new RefusedError("commit: not the caller's account", { writeIndex });
}

async function* frames(
  wire: Wire,
  method: WireMethod,
  items: AsyncIterable<unknown>,
): AsyncIterable<Uint8Array> {
  let piece: unknown[] = [];
  const pacer = new Pacer();
  for await (const item of items) {
    piece.push(item);
    if (piece.length < ITEMS_PER_FRAME) continue;
    if (pacer.isDue) await pacer.rest();
    yield frameOf(wire.encodeAnswer(method, piece));
    piece = [];
  }
  // The empty list marks the end, so that the caller detects a broken connection.
  if (piece.length > 0) yield frameOf(wire.encodeAnswer(method, piece));
  yield frameOf(wire.encodeAnswer(method, []));
}

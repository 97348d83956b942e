import type { Backend, LidPnMapping, Write } from "../backend/mod.ts";
import { RefusedError } from "../errors/mod.ts";
import { encodePlainValue } from "../records/mod.ts";
import type { BackendCall } from "./backend_call.ts";
import { frameOf } from "./frames.ts";
import { type ReadMethod, requireReadArguments } from "./read_arguments.ts";
import { requireGuardShape, requireWrites } from "./write_shapes.ts";

/** Mappings of one piece of a streamed answer. */
const MAPPINGS_PER_FRAME = 500;

/** How far a caller may reach. */
export interface CallScope {
  /** The account that the caller may see, of those that share the database; all of them when `undefined`. */
  readonly account: string | undefined;
}

/** What is answered: an encoded plain value, or frames of them. */
export type CallAnswer = Uint8Array | AsyncIterable<Uint8Array>;

/**
 * Carries a call out on a backend, which checks what is in it.
 *
 * @param scope A caller who may see one account is told of no other and deletes no other.
 * @throws {StoreError} What the backend says.
 * @throws {TypeError | RangeError} When an argument, a write or the guard is malformed. Nothing was written.
 */
export async function answerCall(backend: Backend, call: BackendCall, scope: CallScope): Promise<CallAnswer> {
  switch (call.kind) {
    case "mappings":
      return frames(backend.getAllLidMappings());
    case "capabilities":
      return encodePlainValue(backend.capabilities);
    case "commit": {
      requireWrites(call.writes);
      if (call.guard !== undefined) requireGuardShape(call.guard);
      await refuseForeignAccounts(backend, call.writes, scope);
      return encodePlainValue(await backend.commit(call.writes, { guard: call.guard }));
    }
    case "read":
      requireReadArguments(call.method, call.args);
      return encodePlainValue(await read(backend, call.method, call.args, scope));
  }
}

async function read(
  backend: Backend,
  method: ReadMethod,
  args: readonly unknown[],
  { account }: CallScope,
): Promise<unknown> {
  if (method === "listAccounts" && account !== undefined) {
    return (await backend.listAccounts()).filter((listed) => listed.account === account);
  }
  // The arguments are whatever the caller sent: the backend checks them.
  return await (backend[method] as (...args: readonly unknown[]) => Promise<unknown>)(...args);
}

/** @throws {RefusedError} When an account is deleted that the caller may not see. */
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

async function* frames(mappings: AsyncIterable<LidPnMapping>): AsyncIterable<Uint8Array> {
  let piece: LidPnMapping[] = [];
  for await (const mapping of mappings) {
    piece.push(mapping);
    if (piece.length < MAPPINGS_PER_FRAME) continue;
    yield frameOf(encodePlainValue(piece));
    piece = [];
  }
  // The empty piece says that this is all: a connection that breaks off is not taken for the end.
  if (piece.length > 0) yield frameOf(encodePlainValue(piece));
  yield frameOf(encodePlainValue([]));
}

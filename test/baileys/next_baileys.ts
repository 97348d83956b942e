/**
 * What the next Baileys asks of a state and of keys, as a double: its types, a state of texts like its SQLite
 * one, its way of copying a state, and repository operations in `transactWith`.
 */
import { type AuthenticationCreds, BufferJSON, initAuthCreds, type SignalDataTypeMap } from "baileys";
import type { makeLibSignalRepository } from "baileys/lib/Signal/libsignal.js";

type Type = keyof SignalDataTypeMap;

/** The next `SignalKeyStore`. */
export interface NextKeyStore {
  get<T extends Type>(type: T, ids: string[]): Promise<{ [id: string]: SignalDataTypeMap[T] }>;
  set(data: { [T in Type]?: { [id: string]: SignalDataTypeMap[T] | null } }): Promise<void>;
  list?<T extends Type>(type: T): AsyncIterable<[id: string, value: SignalDataTypeMap[T]]>;
  listIds?(type: Type): AsyncIterable<string>;
}

/** The next `AuthenticationState`. */
export interface NextState {
  readonly creds: AuthenticationCreds;
  readonly keys: NextKeyStore;
}

export const TYPES: readonly Type[] = [
  "pre-key",
  "session",
  "sender-key",
  "sender-key-memory",
  "app-state-sync-key",
  "app-state-sync-version",
  "lid-mapping",
  "device-list",
  "tctoken",
  "identity-key",
];

/** A state whose rows are texts, by type and id. */
export function textState(creds: AuthenticationCreds = initAuthCreds()): NextState & {
  readonly rows: Map<string, string>;
} {
  const rows = new Map<string, string>();
  const keyOf = (type: string, id: string): string => JSON.stringify([requireType(type), id]);
  const parse = (text: string): never => JSON.parse(text, BufferJSON.reviver) as never;
  const idsOf = (type: string): string[] =>
    [...rows.keys()]
      .map((key) => JSON.parse(key) as [string, string])
      .flatMap(([of, id]) => (of === type ? [id] : []));
  const keys: NextKeyStore = {
    async get(type, ids) {
      const found = ids.flatMap((id) => {
        const text = rows.get(keyOf(type, id));
        return text === undefined ? [] : [[id, parse(text)] as const];
      });
      return Object.fromEntries(found);
    },
    async set(data) {
      for (const [type, values] of Object.entries(data)) {
        for (const [id, value] of Object.entries(values ?? {})) {
          if (value === undefined) throw new TypeError(`set: ${type} has a value that is undefined`);
          if (value === null) rows.delete(keyOf(type, id));
          else rows.set(keyOf(type, id), JSON.stringify(value, BufferJSON.replacer));
        }
      }
    },
    async *list(type) {
      for (const id of idsOf(requireType(type))) yield [id, parse(rows.get(keyOf(type, id)) ?? "null")];
    },
    async *listIds(type) {
      yield* idsOf(requireType(type));
    },
  };
  return { creds, keys, rows };
}

/** What a copy did, and what is not where it should be. */
export interface Copied {
  readonly copied: Readonly<Record<string, number>>;
  readonly missing: readonly string[];
  readonly unexpected: readonly string[];
}

/**
 * Copies a state as `migrateAuthState` does: the credentials in place, then each type in batches, without the
 * ids that are there. Then it compares the ids.
 */
export async function copyState(from: NextState, to: NextState, batch = 100): Promise<Copied> {
  const { list } = from.keys;
  const { listIds } = to.keys;
  if (list === undefined || listIds === undefined) throw new TypeError("copy state: a state has no listing");
  Object.assign(to.creds, from.creds);
  const copied: Record<string, number> = {};
  for (const type of TYPES) {
    const known = await collected(listIds(type));
    let values: Record<string, unknown> = {};
    const store = async (): Promise<void> => {
      if (Object.keys(values).length > 0) await to.keys.set({ [type]: values } as never);
      values = {};
    };
    copied[type] = 0;
    for await (const [id, value] of list(type)) {
      if (known.has(id)) continue;
      values[id] = value;
      copied[type] = (copied[type] ?? 0) + 1;
      if (Object.keys(values).length >= batch) await store();
    }
    await store();
  }
  const [missing, unexpected]: [string[], string[]] = [[], []];
  for (const type of TYPES) {
    const source = await collected(from.keys.listIds?.(type) ?? []);
    const target = await collected(listIds(type));
    for (const id of source) if (!target.has(id)) missing.push(`${type} ${id}`);
    for (const id of target) if (!source.has(id)) unexpected.push(`${type} ${id}`);
  }
  return { copied, missing, unexpected };
}

async function collected(ids: AsyncIterable<string> | readonly string[]): Promise<Set<string>> {
  const all = new Set<string>();
  for await (const id of ids) {
    if (typeof id !== "string" || id.length === 0) throw new TypeError("list ids: an id is no text");
    if (all.has(id)) throw new TypeError(`list ids: ${id} comes twice`);
    all.add(id);
  }
  return all;
}

/** Records that one operation of the next repository locks. */
interface Scope {
  readonly records: readonly { readonly type: Type; readonly id: string }[];
}

type Repository = ReturnType<typeof makeLibSignalRepository>;

/** A maker of repositories that calls `transactWith` for each operation, without looking whether it is there. */
export function nextRepository(make: typeof makeLibSignalRepository): {
  readonly make: typeof makeLibSignalRepository;
  readonly scopes: Scope[];
} {
  const scopes: Scope[] = [];
  const next: typeof makeLibSignalRepository = (auth, ...rest) => {
    const inner = make(auth, ...rest);
    const keys = auth.keys as unknown as {
      transactWith<T>(scope: Scope, work: () => Promise<T>): Promise<T>;
    };
    const within =
      <Options, Result>(
        work: (options: Options) => Promise<Result>,
        record: (options: Options) => Scope["records"][number],
      ) =>
      (options: Options): Promise<Result> => {
        const scope = { records: [record(options)] };
        scopes.push(scope);
        return keys.transactWith(scope, () => work(options));
      };
    const session = ({ jid }: { jid: string }) =>
      ({ type: "session", id: inner.jidToSignalProtocolAddress(jid) }) as const;
    const senderKey = ({ group }: { group: string }) => ({ type: "sender-key", id: group }) as const;
    const repository: Partial<Repository> = {
      encryptMessage: within(inner.encryptMessage.bind(inner), session),
      decryptMessage: within(inner.decryptMessage.bind(inner), session),
      injectE2ESession: within(inner.injectE2ESession.bind(inner), session),
      encryptGroupMessage: within(inner.encryptGroupMessage.bind(inner), senderKey),
      decryptGroupMessage: within(inner.decryptGroupMessage.bind(inner), senderKey),
    };
    return { ...inner, ...repository };
  };
  return { make: next, scopes };
}

function requireType(type: string): Type {
  if (!TYPES.includes(type as Type)) throw new TypeError(`keys: ${type} is no type`);
  return type as Type;
}

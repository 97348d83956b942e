/** Baileys' types of keys. */
export const KEY_TYPES = [
  "app-state-sync-key",
  "app-state-sync-version",
  "device-list",
  "identity-key",
  "lid-mapping",
  "pre-key",
  "sender-key",
  "sender-key-memory",
  "session",
  "tctoken",
] as const;

/** One of Baileys' types of keys. */
export type StateType = (typeof KEY_TYPES)[number];

/** What a name in a state of Baileys stands for. */
export type StateKey =
  | { readonly kind: "creds" }
  | { readonly kind: "key"; readonly type: StateType; readonly id: string }
  | { readonly kind: "unknown" };

/** The longest type first: `sender-key-memory-` begins with `sender-key-`. */
const LONGEST_FIRST: readonly StateType[] = [...KEY_TYPES].sort((a, b) => b.length - a.length);

/** Name of the credentials. */
const CREDS = "creds";

/**
 * Reads a name `<type>-<id>`, as Baileys makes for files (`/` as `__`, `:` as `-`) and community states for
 * keys, which keep the characters.
 *
 * @param name Without `.json`.
 */
export function stateKeyOf(name: string): StateKey {
  if (name === CREDS) return { kind: "creds" };
  const type = LONGEST_FIRST.find((candidate) => name.startsWith(`${candidate}-`));
  if (type === undefined) return { kind: "unknown" };
  const id = name.slice(type.length + 1);
  return id === "" ? { kind: "unknown" } : { kind: "key", type, id: unescapedId(type, id) };
}

/** The name of a file for an id. */
export function fileNameOf(type: StateType, id: string): string {
  return `${`${type}-${id}`.replaceAll("/", "__").replaceAll(":", "-")}.json`;
}

/** Name of the file of the credentials. */
export const CREDS_FILE: string = `${CREDS}.json`;

function unescapedId(type: StateType, id: string): string {
  if (type === "sender-key") return id.includes("::") ? id : id.replaceAll("--", "::");
  return type === "app-state-sync-key" ? id.replaceAll("__", "/") : id;
}

/** The location of a database: in memory, in a file, or behind a server. */
export type DatabaseKind = "memory" | "file" | "remote";

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):(.*)$/s;

const REMOTE_SCHEMES: readonly string[] = ["http", "https", "ws", "wss", "libsql"];

/** A path in memory, with or without a query. */
const IN_MEMORY = /^(?:file:)?:memory:(?:\?|$)/;

/** User and password in front of a host. */
const CREDENTIALS = /^[^:]*:\/\/[^/?#]*@/;

/**
 * Returns the kind of database of a URL.
 *
 * @throws {TypeError} When the URL is empty, has an unsupported scheme, or contains a user name. The message
 *   does not contain the URL, since it may contain a token.
 */
export function databaseKind(url: string): DatabaseKind {
  if (typeof url !== "string" || url === "") throw new TypeError("open database: the URL is empty");
  if (IN_MEMORY.test(url)) return "memory";
  const [, scheme, rest] = SCHEME.exec(url.toLowerCase()) ?? [];
  if (scheme === undefined) {
    throw new TypeError("open database: the URL has no scheme (write a path as file:path/to.db)");
  }
  if (scheme === "file") {
    // Without a path SQLite makes a temporary file that cannot be opened again.
    if (rest === "" || rest?.startsWith("?")) throw new TypeError("open database: the file URL has no path");
    return "file";
  }
  if (!REMOTE_SCHEMES.includes(scheme)) {
    throw new TypeError(`open database: URL scheme ${JSON.stringify(scheme)} is not supported`);
  }
  // Platforms reject such a URL with a message that quotes it.
  if (CREDENTIALS.test(url))
    throw new TypeError("open database: the URL has a user name, use authToken instead");
  return "remote";
}

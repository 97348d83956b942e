/** Scheme, authority, path, query and fragment of a file URL. */
const FILE_URL = /^file:(?:\/\/([^/?#]*))?([^?#]*)(\?[^#]*)?(#.*)?$/is;

/** A Windows path in a URL: a slash before the drive. */
const DRIVE_PATH = /^\/[A-Za-z]:/;

/**
 * The path of a file URL. Relative paths stay relative.
 *
 * @throws {TypeError} When the URL names another machine or has a query, or is malformed. The message does
 *   not contain the URL.
 */
export function pathOfFileUrl(url: string): string {
  const [, authority = "", path = "", query, fragment] = FILE_URL.exec(url) ?? [];
  if (authority !== "" && authority.toLowerCase() !== "localhost")
    throw new TypeError("open database: the file URL has a host (write file:path or file:///path)");
  if (query !== undefined || fragment !== undefined)
    throw new TypeError("open database: the file URL has parameters (write ? as %3F and # as %23)");
  if (path === "") throw new TypeError("open database: the file URL has no path");
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    throw new TypeError("open database: the file URL is malformed (write % as %25)");
  }
  if (decoded.includes("\0"))
    throw new TypeError("open database: the file URL is malformed (it has a zero byte)");
  return DRIVE_PATH.test(decoded) ? decoded.slice(1) : decoded;
}

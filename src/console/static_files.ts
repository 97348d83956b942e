import { hexOf } from "../bytes/mod.ts";
import { digest } from "../ports/mod.ts";

/**
 * Reads the files of the pages by their names, with slashes between folders; none when the pages are not built.
 * A name that begins with `_` is for another host, and not served.
 */
export type PageFiles = () => Promise<ReadonlyMap<string, Uint8Array>>;

/** What the pages may do: nothing but what comes from here. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": POLICY,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

const TYPES: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  ico: "image/x-icon",
  js: "text/javascript; charset=utf-8",
  json: "application/json",
  png: "image/png",
  svg: "image/svg+xml",
  txt: "text/plain; charset=utf-8",
  webmanifest: "application/manifest+json",
  woff2: "font/woff2",
};

/** The page of the address `/`. */
const INDEX = "index.html";

/** A name that has the hash of its content, as bundlers write it: another content has another name. */
const HASHED = /[-.][0-9A-Za-z]{8,}\.\w+$/;

/** The path at which the reference of the API is looked for, and its page. A Worker has it from `_redirects`. */
const DOCS = "v1/docs";
const DOCS_PAGE = "api.html";

const NOT_BUILT =
  "The pages of the console are not built.\nIn a checkout of the project, run: npm run build\nAn installed package has them; if not, install it again.\n";

interface StaticFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
  readonly etag: string;
}

/** Serves the pages of the console: files of one folder, by their names and no others. */
export class StaticFiles {
  readonly #files: PageFiles;
  #loaded: Promise<ReadonlyMap<string, StaticFile>> | undefined;

  constructor(files: PageFiles) {
    this.#files = files;
  }

  /** Answers a request for a file, or for `/`; `undefined` for every other path. */
  async answer(request: Request): Promise<Response | undefined> {
    const name = nameOf(new URL(request.url).pathname);
    if (name === undefined) return undefined;
    const files = await this.#load();
    if (name === DOCS && files.has(DOCS_PAGE))
      return new Response(null, { status: 302, headers: { ...HEADERS, location: `/${DOCS_PAGE}` } });
    const file = files.get(name);
    if (file === undefined) return name === INDEX ? notBuilt(request.method) : undefined;
    if (request.method !== "GET" && request.method !== "HEAD")
      return new Response(null, { status: 405, headers: { ...HEADERS, allow: "GET, HEAD" } });
    const { bytes, headers, etag } = file;
    if (matches(request.headers.get("if-none-match"), etag))
      return new Response(null, { status: 304, headers: headersWithout(headers) });
    const body = request.method === "HEAD" ? null : bytes;
    return new Response(body, { headers: { ...headers, "content-length": String(bytes.length) } });
  }

  /** Reads the pages once. What fails, or is not built yet, is read again by the next request. */
  async #load(): Promise<ReadonlyMap<string, StaticFile>> {
    if (this.#loaded !== undefined) return await this.#loaded;
    const loading = loadFiles(this.#files);
    this.#loaded = loading;
    const isThere = await loading.then(
      (files) => files.size > 0,
      () => false,
    );
    if (!isThere) this.#loaded = undefined;
    return await loading;
  }
}

async function loadFiles(read: PageFiles): Promise<ReadonlyMap<string, StaticFile>> {
  const files = new Map<string, StaticFile>();
  for (const [name, bytes] of await read())
    if (!name.startsWith("_")) files.set(name, await fileOf(name, new Uint8Array(bytes)));
  return files;
}

async function fileOf(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<StaticFile> {
  const etag = `"${hexOf((await digest("SHA-256", bytes)).subarray(0, 16))}"`;
  const ending = name.slice(name.lastIndexOf(".") + 1);
  const headers = {
    ...HEADERS,
    "content-type": TYPES[ending] ?? "application/octet-stream",
    "cache-control": HASHED.test(name) ? "public, max-age=31536000, immutable" : "no-cache",
    etag,
  };
  return { bytes, headers, etag };
}

/** The name of a file. It is looked up in a list, so that no path leads elsewhere. */
function nameOf(pathname: string): string | undefined {
  if (pathname === "/") return INDEX;
  return /^(?:\/[\w.-]+)+$/.test(pathname) ? pathname.slice(1) : undefined;
}

function matches(header: string | null, etag: string): boolean {
  if (header === null) return false;
  return header.split(",").some((value) => ["*", etag].includes(value.trim().replace(/^W\//, "")));
}

/** A 304 says nothing of a body. */
function headersWithout({
  "content-type": _,
  ...headers
}: Readonly<Record<string, string>>): Record<string, string> {
  return headers;
}

function notBuilt(method: string): Response {
  const headers = { ...HEADERS, "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" };
  return new Response(method === "HEAD" ? null : NOT_BUILT, { status: 404, headers });
}

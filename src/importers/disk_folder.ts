import {
  ArgumentTypeError,
  BackendError,
  CorruptError,
  IncompatibleError,
  RefusedError,
} from "../errors/mod.ts";
import { hostFolders } from "./host_files.ts";
import type { FolderReader, FolderWriter } from "./ports.ts";

/** Names of the files that are read: no database is opened, which would drop its locks. */
const READABLE = /^[^/\\]+\.(?:json|bak)$/;

/** Name of a file that is created. */
const WRITABLE = /^[^/\\]+\.json$/;

/** Permissions: only the user may read keys. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/**
 * A folder on this machine (Node, Bun, Deno). Reads JSON files and their older copies, and creates JSON
 * files.
 *
 * @throws {IncompatibleError} When the runtime has no files.
 *
 * @example
 * ```ts
 * import { diskFolder } from "@holdfast/store/importers";
 *
 * const folder = diskFolder("./baileys_auth_info");
 * ```
 */
export function diskFolder(path: string): FolderReader & FolderWriter {
  if (typeof path !== "string" || path === "") throw new ArgumentTypeError("open folder: path is not a text");
  const files = hostFolders();
  if (files === undefined) throw new IncompatibleError("open folder: the runtime has no files");
  const place = (name: string): string => `${path}/${name}`;
  return {
    async *names() {
      for await (const entry of await whole("list folder", files.opendir(path))) {
        if (entry.isFile()) yield entry.name;
      }
    },
    async read(name) {
      if (!READABLE.test(name)) throw new CorruptError("read file: not the name of a JSON file");
      try {
        return await files.readFile(place(name));
      } catch (error) {
        if (codeOf(error) === "ENOENT") return undefined;
        throw failed("read file", error);
      }
    },
    async begin() {
      await whole("create folder", files.mkdir(path, { recursive: true, mode: FOLDER_MODE }));
      for await (const _entry of await whole("list folder", files.opendir(path)))
        throw new RefusedError("create files: the folder is not empty; name a new one");
    },
    async create(name, content) {
      if (!WRITABLE.test(name)) throw new ArgumentTypeError("create file: not the name of a JSON file");
      await whole("create file", files.writeFile(place(name), content, { flag: "wx", mode: FILE_MODE }));
    },
  };
}

async function whole<T>(action: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw failed(action, error);
  }
}

function failed(action: string, error: unknown): BackendError {
  return new BackendError(`${action}: ${codeOf(error) ?? "failed"}`, { cause: error });
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  return typeof code === "string" ? code : undefined;
}

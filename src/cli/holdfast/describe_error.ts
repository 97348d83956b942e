import { ArgumentRangeError, ArgumentTypeError, StoreError, type StoreErrorCode } from "../../errors/mod.ts";
import { TransferFileError } from "../../transfer/mod.ts";
import { CommandError, type ExitName } from "./command_error.ts";

/** A failure as the program reports it. */
export interface DescribedError {
  readonly exit: ExitName;
  /** A word for programs. */
  readonly code: string;
  readonly message: string;
  readonly advice: string | undefined;
}

const EXIT_OF: Readonly<Record<StoreErrorCode, ExitName>> = {
  fenced: "refused",
  corrupt: "damaged",
  "wrong-length": "damaged",
  failed: "unavailable",
  ambiguous: "unavailable",
  busy: "unavailable",
  refused: "refused",
  incompatible: "incompatible",
  halted: "unavailable",
  limit: "unavailable",
  closed: "failed",
  "identity-conflict": "refused",
  held: "refused",
  sealed: "incompatible",
};

const ADVICE: Readonly<Partial<Record<StoreErrorCode, string>>> = {
  fenced: "Another process has opened the account. Nothing of this command was stored after that.",
  corrupt:
    "Look with `holdfast verify`, and see docs/guide/damaged_file.md. Restore a backup if the device is damaged.",
  "wrong-length":
    "Look with `holdfast verify`, and see docs/guide/damaged_file.md. Restore a backup if the device is damaged.",
  busy: "Another process is writing. Try again, or stop it first.",
  sealed: "Set HOLDFAST_KEYS to the keys of the account, or unset it for an account that is not sealed.",
};

const MIGRATE =
  "Run `holdfast migrate` when no older release uses the database any more, or open it with this release.";

/** Says what went wrong, without a stack trace and without the text of a module loader. */
export function describeError(error: unknown): DescribedError {
  if (error instanceof CommandError) {
    return { exit: error.exit, code: error.exit, message: error.message, advice: error.advice };
  }
  if (error instanceof StoreError) {
    const { code, message } = error;
    if (error instanceof TransferFileError)
      return {
        exit: EXIT_OF[code],
        code,
        message,
        advice: "Nothing was changed. Take another copy of the file.",
      };
    if (code === "incompatible" && message.includes("migrate it first"))
      return { exit: "incompatible", code, message, advice: MIGRATE };
    return { exit: EXIT_OF[code], code, message, advice: ADVICE[code] };
  }
  if (
    error instanceof ArgumentTypeError ||
    error instanceof ArgumentRangeError ||
    error instanceof TypeError ||
    error instanceof RangeError
  ) {
    return { exit: "usage", code: "usage", message: error.message, advice: undefined };
  }
  const missing = missingPackage(error);
  if (missing !== undefined) {
    return {
      exit: "incompatible",
      code: "missing-package",
      message: `load: the package ${missing} is not installed`,
      advice: `Run: npm install ${missing}`,
    };
  }
  return { exit: "failed", code: "failed", message: systemMessage(error), advice: undefined };
}

/** The package that an import did not find: the words of Node, Bun and Deno. */
function missingPackage(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  return /(?:Cannot find (?:package|module)|Could not resolve|Import) ["']([@\w][^"']*)["']/.exec(
    error.message,
  )?.[1];
}

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: "the file or folder does not exist",
  EEXIST: "the file exists already",
  EACCES: "this user must not use the file or folder",
  EPERM: "this user must not use the file or folder",
  EISDIR: "the path is a folder",
  ENOTDIR: "a part of the path is not a folder",
  ENOSPC: "the disk is full",
  EROFS: "the file system is read-only",
  EADDRINUSE: "the port is in use, choose another with --port",
  EADDRNOTAVAIL: "the address is not one of this machine",
};

function systemMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, path } = error as Error & { readonly code?: unknown; readonly path?: unknown };
  const words = typeof code === "string" ? WORDS[code] : undefined;
  if (words === undefined) return error.message.split("\n")[0] ?? error.name;
  return typeof path === "string" ? `${words}: ${JSON.stringify(path)}` : words;
}

import type { NativeLibrary, OpenForReading } from "../sqlite_file/mod.ts";

/** Opens files by the native library so that nothing can be written: SQLite takes the mode from a URI. */
export function openForReading(library: NativeLibrary): OpenForReading {
  return (path, timeoutMs) => {
    const uri = `file:${path.split("/").map(encodeURIComponent).join("/")}?mode=ro`;
    return new library(uri, { timeout: timeoutMs });
  };
}

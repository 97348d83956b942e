import type { FolderReader, FolderWriter } from "../../src/importers/ports.ts";

/** A folder in memory, by name. Text is encoded. */
export function memoryFolder(content: Readonly<Record<string, string | object>> = {}): FolderReader &
  FolderWriter & {
    readonly files: Map<string, Uint8Array>;
  } {
  const encode = (value: string | object) =>
    new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
  const files = new Map<string, Uint8Array>(
    Object.entries(content).map(([name, value]) => [name, encode(value)]),
  );
  return {
    files,
    async *names() {
      yield* files.keys();
    },
    read: async (name) => files.get(name),
    async begin() {
      if (files.size > 0) throw new Error("there are files");
    },
    async create(name, bytes) {
      if (files.has(name)) throw new Error("there is a file of this name");
      files.set(name, bytes);
    },
  };
}

import { builtinModule } from "../ports/mod.ts";

/** An open file. */
export interface HostFile {
  writeFile(bytes: Uint8Array): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** The calls of `node:fs/promises` that write new files. */
export interface HostFiles {
  mkdir(path: string, options: { recursive: true; mode: number }): Promise<unknown>;
  readdir(path: string): Promise<string[]>;
  open(path: string, flags: "wx", mode: number): Promise<HostFile>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
}

/** The host's calls for files, `undefined` if it has none. */
export function hostFiles(): HostFiles | undefined {
  return builtinModule<HostFiles>("node:fs/promises");
}

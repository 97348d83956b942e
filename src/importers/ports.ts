/**
 * A folder of files, which an importer reads. See `diskFolder` for one on this machine.
 *
 * Names are those of files in the folder itself, in any order. The folder must not change while it is read.
 */
export interface FolderReader {
  /** The names of all files. */
  names(): AsyncIterable<string>;
  /** The content of a file; `undefined` when there is none of this name. The importer owns the bytes. */
  read(name: string): Promise<Uint8Array | undefined>;
}

/** A folder to which an exporter writes. */
export interface FolderWriter {
  /** Called first: makes the folder if there is none. Rejects when there are files in it. */
  begin(): Promise<void>;
  /** Creates a file. Rejects when there is one of this name. */
  create(name: string, content: Uint8Array): Promise<void>;
}

/** A value of a row. `node:sqlite`, `bun:sqlite`, libSQL and the drivers of PostgreSQL return these. */
export type ForeignValue = string | number | bigint | boolean | null | Uint8Array | ArrayBuffer;

/**
 * A database that an importer reads with `SELECT` and `PRAGMA table_info`. See `sqliteFile` for a file on
 * this machine.
 */
export interface SqlReader {
  /** All rows, each an object by column. Parameters are named `?` in order. */
  all(sql: string, params: readonly ForeignValue[]): Promise<readonly Readonly<Record<string, unknown>>[]>;
}

/** One statement with its parameters. */
export interface ForeignStatement {
  /** The text of the statement, with `?` for its parameters. */
  readonly sql: string;
  /** Values of the parameters, in order. */
  readonly params: readonly ForeignValue[];
}

/** A database to which an exporter writes. */
export interface SqlWriter extends SqlReader {
  /**
   * Runs statements in one transaction, all or none, as they come. They come while it reads, so a caller must
   * not collect them.
   */
  transaction(statements: AsyncIterable<ForeignStatement>): Promise<void>;
}

/** A store of values by text, as in Redis, MongoDB or a table of two columns. */
export interface KeyValueReader {
  /** All keys, in any order. */
  keys(): AsyncIterable<string>;
  /** The value: text or bytes of JSON, or a parsed value. `undefined` when there is none. */
  get(key: string): Promise<unknown>;
}

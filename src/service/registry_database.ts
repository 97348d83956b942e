/** A value in a row, and a parameter of a statement. */
export type RegistryValue = string | number | null | Uint8Array;

/** The database of a registry. Every driver of the SQLite backend implements it. */
export interface RegistryDatabase {
  /** Runs one read statement and returns its rows, each in column order. */
  query(sql: string, params: readonly RegistryValue[]): Promise<readonly (readonly RegistryValue[])[]>;
  /** Runs statements in one transaction, all or none. Its writes are durable when it resolves. */
  batch(
    statements: readonly { readonly sql: string; readonly params: readonly RegistryValue[] }[],
  ): Promise<readonly { readonly rowsAffected: number }[]>;
}

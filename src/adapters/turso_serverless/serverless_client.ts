import type { SqlValue } from "../sqlite/mod.ts";

/**
 * The part of a client of `@tursodatabase/serverless/compat` that the backend uses: `createClient({ url,
 * authToken })`, from version 1.4 on.
 */
export interface TursoServerlessClient {
  /** With `raw`, rows are arrays in column order. */
  batch(
    statements: { sql: string; args: SqlValue[] }[],
    options: { mode: "read" | "write"; raw: boolean },
  ): Promise<readonly { readonly rows: readonly unknown[]; readonly rowsAffected: number }[]>;
}

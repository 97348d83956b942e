import type { ChaosBackend } from "./chaos_backend.ts";

/** A place for accounts. */
export interface OpenPlace extends AsyncDisposable {
  /** A fresh database, for one run. */
  create(): Promise<ChaosBackend>;
}

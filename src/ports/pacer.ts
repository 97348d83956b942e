/** Lets other work of the process run between the steps of one long work. */
export interface Pacer {
  /** Whether the work has had its turn. Then await `rest` before the next step. */
  readonly isDue: boolean;
  /** Resolves after other work had its turn. */
  rest(): Promise<void>;
}

/** Starts the pacer of one work. */
export type StartPacer = () => Pacer;

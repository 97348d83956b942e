/** The lines of libsignal-node that end with a session, which has private keys in it. */
const SESSION_LINES: ReadonlySet<unknown> = new Set([
  "Closing session:",
  "Opening session:",
  "Removing old closed session:",
  "Session already closed",
]);

/** Its warnings that stand alone. */
const WARNINGS: ReadonlySet<unknown> = new Set([
  "Closing open session in favor of incoming prekey bundle",
  "Closing stale open session for new outgoing prekey bundle",
  "Decrypted message with closed session.",
  "Session already open",
]);

/** The functions that libsignal-node and its earlier versions print lines with. */
const METHODS = ["info", "warn", "log"] as const;

/**
 * Drops what libsignal-node prints with `console.info`, `console.warn` and `console.log`: it prints whole
 * sessions, with their private keys, when it opens and closes them. Everything else is printed as before,
 * also its errors, which have no keys in them.
 *
 * It replaces these three functions of this process, so only you decide to call it. Calling it twice is
 * fine: the lines are dropped until both undos were called.
 *
 * @returns The undo. Called again, it does nothing.
 *
 * @example
 * ```ts
 * import { silenceLibsignal } from "@holdfast/store/baileys";
 *
 * const undo = silenceLibsignal();
 * console.info("Closing session:", "not a session: this line is printed");
 * undo();
 * ```
 */
export function silenceLibsignal(): () => void {
  const use = { isOver: false };
  for (const method of METHODS) {
    const print: Filter = console[method];
    const filter: Filter = (...parameters) => {
      if (use.isOver || !isOfLibsignal(method, parameters)) print.apply(console, parameters);
    };
    filter[FILTERED] = { use, print };
    console[method] = filter;
  }
  return () => {
    use.isOver = true;
    for (const method of METHODS) console[method] = withoutOver(console[method]);
  };
}

/** A function of the console; those made here name the one that they pass calls on to. */
interface Filter {
  (...parameters: unknown[]): void;
  [FILTERED]?: { readonly use: { readonly isOver: boolean }; readonly print: Filter };
}

const FILTERED: unique symbol = Symbol("filtered");

/**
 * Takes off filters whose use is over. One that another library has wrapped, or a later use, stays: it passes
 * everything on.
 */
function withoutOver(print: Filter): Filter {
  const filtered = print[FILTERED];
  return filtered?.use.isOver === true ? withoutOver(filtered.print) : print;
}

/** Whether a call of a console function is one of libsignal-node. */
function isOfLibsignal(method: (typeof METHODS)[number], parameters: readonly unknown[]): boolean {
  const [line, subject] = parameters;
  if (SESSION_LINES.has(line)) return parameters.length === 2 && isSession(subject);
  if (method === "info") return line === "Migrating session to:" && parameters.length === 2;
  if (method === "log") return false;
  if (line === "Unhandled bucket type (for naming):") return parameters.length === 3;
  return WARNINGS.has(line) && parameters.length === 1;
}

/** Whether a value is a session of libsignal-node, whose class it does not export. */
function isSession(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    Object.hasOwn(value, "currentRatchet") &&
    Object.hasOwn(value, "indexInfo")
  );
}

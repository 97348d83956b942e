const METHODS = ["info", "warn", "error", "log"] as const;

/**
 * Silences the console, on which libsignal-node prints whole sessions. @returns A function that restores it.
 */
export function quietly(): () => void {
  const before = METHODS.map((method) => [method, console[method]] as const);
  for (const method of METHODS) console[method] = () => {};
  return () => void Object.assign(console, Object.fromEntries(before));
}

/** The used member of a host's `process`. */
interface HostProcess {
  getBuiltinModule?(name: string): unknown;
}

/**
 * A built-in module of the host, such as `node:fs`; `undefined` if it has none with that name. `T` is the
 * part of it that the caller uses. Looked up and not imported, so that bundles for other hosts do not meet
 * it.
 */
export function builtinModule<T>(name: string): T | undefined {
  const { process } = globalThis as { readonly process?: HostProcess };
  return process?.getBuiltinModule?.(name) as T | undefined;
}

/** One block of code in a docstring. */
export interface Example {
  /** File and line. */
  readonly name: string;
  /** Of the module. */
  readonly url: string;
  /** Whether it runs without what it names: a server, a package or a host. */
  readonly isRun: boolean;
}
/** Writes the examples as modules to `dist/examples/<name>`. */
export function docstringExamples(name: string): Example[];

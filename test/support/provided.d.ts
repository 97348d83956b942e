import "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** The amount of work of long tests; see `dose` in test/support/dose.ts. */
    dose: "short" | "long";
    /** URL of the test libSQL server, with a trailing slash. Append the name of a database and a slash. */
    hranaUrl: string;
    /** Folder of tarballs of this package. */
    packages: string;
  }
}

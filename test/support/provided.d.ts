import "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** How much of long tests runs: see `dose` in test/support/dose.ts. */
    dose: "short" | "long";
    /** Address of the test libSQL server, with a final slash; a database's name and a slash follow it. */
    hranaUrl: string;
  }
}

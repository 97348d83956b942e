import "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** Address of the test libSQL server, with a final slash; a database's name and a slash follow it. */
    hranaUrl: string;
  }
}

/** A description of the service in OpenAPI 3.1. */
export const OPENAPI: Readonly<Record<string, unknown>> = {};

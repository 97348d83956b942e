/** The HTTP method of an operation, by its effect. */
export const METHOD_OF = { read: "get", change: "post", delete: "delete" } as const;

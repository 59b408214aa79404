/** The specifier under which a generated module finds the session's namespaces. */
export const SESSION_MODULE = "graphvm/session";

/** JSON values, as TypeScript sees them. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

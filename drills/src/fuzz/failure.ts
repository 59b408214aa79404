/** What must never happen did. */
export class FuzzFailure extends Error {}

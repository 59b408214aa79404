export async function runHuge(): Promise<void> {}

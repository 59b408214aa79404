import type { Ref } from "@graphvm/engine";
export function ref(name: string, ...params: readonly unknown[]): Ref;
export function goldenParams(): { [name: string]: readonly unknown[] };
export function goldenIds(): { [name: string]: string };

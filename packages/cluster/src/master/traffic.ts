/** What left a plane and what moved inside it, in bytes of values and inputs. */
export interface PlaneTraffic {
  /** Sent to processes of each plane; "" for those of none, the master and clients among them. */
  readonly sent: { readonly [plane: string]: number };
  /** The sum of what went to another plane or to none. */
  readonly left: number;
}

/** Bytes that processes sent to each other, as they say themselves. */
export class Traffic {
  readonly #processes = new Map<
    string,
    { readonly plane: string; readonly sent: { readonly [plane: string]: number } }
  >();

  /** All that a process of a plane sent so far. */
  set(host: string, plane: string, sent: { readonly [plane: string]: number }): void {
    this.#processes.set(host, { plane, sent });
  }

  /** By the plane of who sent; "" for processes of none. */
  planes(): { readonly [plane: string]: PlaneTraffic } {
    const planes: { [plane: string]: { sent: { [plane: string]: number }; left: number } } = {};
    for (const { plane, sent } of this.#processes.values()) {
      planes[plane] ??= { sent: {}, left: 0 };
      const from = planes[plane];
      for (const [to, bytes] of Object.entries(sent)) {
        from.sent[to] = (from.sent[to] ?? 0) + bytes;
        if (to !== plane) from.left += bytes;
      }
    }
    return planes;
  }
}

import { apply, createGraph, namespace, type Op, type Ref, redefine, rule } from "@graphvm/rules";

const shop = namespace("shop", {
  price: rule((item: string): Op<number> => apply((name: string) => name.length, item)()),
  total: rule(
    (items: readonly string[]): Op<number> =>
      apply.all((prices: readonly number[]) => prices.reduce((a, b) => a + b, 0))(
        items.map((item) => shop.price(item)),
      ),
  ),
});

const graph = createGraph({ timings: true });
const total: Ref<number> = shop.total(["tea", "bread"]);
await graph.calc(total); // 8, three atoms run

graph.setData(shop.price("tea"), 10); // a value from outside
await graph.calc(total); // 15, one atom runs

const dearer = namespace("shop", {
  price: rule((item: string): Op<number> => apply((name: string) => 2 * name.length, item)()),
});
redefine(graph, dearer); // another version of one rule
export const after = await graph.calc(total); // 20: bread is 10 now, tea was given

export const { state, dependencies } = graph.explain(total);

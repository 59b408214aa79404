/** A Vega-Lite specification: plain data, so that it travels, has a digest, and can be put into any tool that draws them. */
export interface ChartSpec {
  readonly $schema: string;
  readonly [property: string]: unknown;
}

/** How large a chart is, and what is written over it. */
export interface ChartOptions {
  readonly title?: string;
  /** Of the drawing without axes, in pixels. */
  readonly width?: number;
  readonly height?: number;
}

export type Values = readonly { readonly [field: string]: string | number | null }[];

/** Colours that are told apart by the colour-blind and in print (Okabe and Ito 2008, "Color universal design"), dark ones first. */
export const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#999999"];

/** What all charts look like. */
const CONFIG = {
  background: "white",
  font: "DejaVu Sans, Verdana, sans-serif",
  view: { stroke: null },
  axis: {
    gridColor: "#e6e6e6",
    domainColor: "#888888",
    tickColor: "#888888",
    labelFlush: false,
    labelFontSize: 11,
    titleFontSize: 12,
  },
  axisX: { titlePadding: 8 },
  axisY: { titlePadding: 8 },
  legend: { title: null, orient: "bottom", direction: "vertical", labelFontSize: 11, labelLimit: 400, symbolSize: 120 },
  title: { fontSize: 14, anchor: "start", offset: 12 },
};

/** A chart of layers or marks with the common looks. */
export function chart(options: ChartOptions, body: { readonly [property: string]: unknown }): ChartSpec {
  const { title, width = 340, height = 340 } = options;
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    ...(title === undefined ? {} : { title }),
    width,
    height,
    config: CONFIG,
    ...body,
  };
}

/** A number as it is written in a legend. */
export function shown(value: number): string {
  return value.toFixed(3);
}

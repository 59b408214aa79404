/** Where generation of each fuel is measured: a plane each, with its own file of the same name. */
export const PLANES = ["ccgt", "wind", "npshyd"] as const;
export type Plane = (typeof PLANES)[number];

/** Every plane's measurements: `HDF,datetime,<fuel>,…`, half-hourly. */
export const DATA = "bmrs/generation.csv";

/** The labels of the worker that stands in none of the planes. */
export const OUTSIDE = { site: "outside" };

import { basename, dirname, join, relative } from "node:path";
import { Command } from "commander";
import type { Context } from "../cli/context.js";
import { type FabricFlags, fabricOf, fabricOptions } from "../cli/fabric.js";
import { commonOptions, mapping, recordingOptions, recordOptions, wholeNumber } from "../cli/options.js";
import { bytesText, countText } from "../cli/text.js";
import { UsageError } from "../errors.js";
import { type DemoFlags, demoEvents, demoPlace, localFile } from "./demo-command.js";
import type { RegionsResult } from "./regions.js";
import { DATA } from "./regions-names.js";
import { runText } from "./run-text.js";

interface Flags extends DemoFlags, FabricFlags {
  readonly data?: string;
  readonly days: number;
  readonly seed: number;
  readonly leaf?: { readonly [plane: string]: string };
}

/** `graphvm demo regions`: data of three regions that stays there, and a forecast of what may leave. */
export function regionsCommand(context: Context): Command {
  const command = new Command("regions")
    .description("three planes with data of their own; only daily means leave, and a forecast is made of them outside")
    .option(
      "--data <dir>",
      "a folder with CCGT.csv, WIND.csv and NPSHYD.csv (default: data of that shape is generated)",
    )
    .option("--days <n>", "days to generate", wholeNumber(60), 217)
    .option("--seed <n>", "seeds the generated data", wholeNumber(0), 0)
    .option("--leaf <plane=url>", "the NATS server of a plane, beside --fabric; repeatable", mapping)
    .option("--record <file>", "where the recording goes; the planes' volumes lie beside it", localFile)
    .option("--force", "replace a recording that is there", false);
  return commonOptions(recordOptions(fabricOptions(command)))
    .addHelpText(
      "after",
      [
        "",
        "Examples:",
        "  graphvm demo regions",
        "  graphvm demo regions --fabric nats://hub:4222 --leaf ccgt=nats://127.0.0.1:4231 --leaf wind=nats://127.0.0.1:4232",
      ].join("\n"),
    )
    .action((flags: Flags) => run(flags, context));
}

async function run({ leaf = {}, ...flags }: Flags, context: Context): Promise<void> {
  const fabric = fabricOf(flags);
  if (!fabric && Object.keys(leaf).length > 0)
    throw new UsageError("--leaf goes with --fabric: name the hub's servers.", {});
  const leaves = Object.entries(leaf).map(([plane, servers]) => [plane, { ...fabric, servers }]);
  const record = demoPlace(flags, "regions");
  const { events, done } = demoEvents(context);
  const { runRegions } = await import("./regions.js");
  const place = fabric ? { fabric, leaves: Object.fromEntries(leaves) } : {};
  const { data, days, seed, force } = flags;
  const result = await runRegions(
    {
      ...(data === undefined ? {} : { data }),
      days,
      seed,
      force,
      record,
      recording: recordingOptions(flags),
      ...place,
    },
    events,
  );
  done();
  context.answer(result, regionsText(result));
  if (result.replay.verdict !== "equal") process.exitCode = 3;
}

/** Where a replay finds what is in the planes' volumes. */
function inputFlags({ planes, recording }: RegionsResult): string {
  const folder = relative(process.cwd(), dirname(recording.path));
  return planes
    .map(({ plane }) => ` --input ${plane}:${DATA}=${join(folder, "regions", plane, basename(DATA))}`)
    .join("");
}

/** What the demo says in the end. */
export function regionsText(result: RegionsResult): string {
  const { planes, forecast } = result;
  const part = (of: number): string => `${(100 * of).toFixed(1)} %`;
  return [
    "",
    ...planes.map(
      ({ plane, data, values, exported }) =>
        `  ${plane.padEnd(10)} ${bytesText(data)} of data; ${countText(values, "value")} left, ${bytesText(exported)} (${part(exported / data)})`,
    ),
    `  forecast   tomorrow's gas to ${forecast.model.toFixed(0)} MW, ${forecast.persistence.toFixed(0)} by saying today's; over ${forecast.days} days ${part(forecast.renewable)} were wind and hydro`,
    ...runText(result, inputFlags(result)),
  ].join("\n");
}

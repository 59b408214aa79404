import { apply, mr, namespace, type Op, partial, type Ref, rule, type Session, shuffler } from "graphvm";

type Trip = { city: string; fare: number };
type Fares = (readonly [city: string, mean: number])[];

// An atom is a plain function. Inside one, Math.random and Date are seeded: every run draws the same trips.
function drive(day: number): Trip[] {
  const cities = ["Lima", "Oslo", "Rome"];
  return Array.from({ length: 20_000 }, () => ({
    city: cities[Math.floor(Math.random() * 3)]!,
    fare: 5 + day / 10 + 20 * Math.random(),
  }));
}

// Functions that are handed to rules are exported: workers find them by name.
export const byCity = (trips: Trip[]) => trips.map(({ city, fare }) => [city, fare] as const);
export const mean = (_city: string, fares: readonly number[]) => fares.reduce((a, b) => a + b, 0) / fares.length;

// Calling a rule makes a ref and runs nothing.
export const taxi = namespace("taxi", {
  day: rule((day: number): Op<Trip[]> => apply(drive, day)()),
  fares: rule((days: number): Ref<Fares> => {
    const batches = Array.from({ length: days }, (_, day) => taxi.day(day));
    return mr.mapReduce(batches, partial(mr.mapper, byCity), shuffler(3), partial(mr.reducer, mean), (parts) =>
      parts.flat(),
    );
  }),
});

export async function main(session: Session): Promise<Fares> {
  await session.setRecording(true);
  const fares = await session.calc(taxi.fares(8), { cut: ["mr.splitByKey", "mr.reducer"] });
  await (await session.getRecording()).save("taxi.gvr", { force: true });
  return fares;
}

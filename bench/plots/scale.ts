/** From figures to pixels, with the figures that an axis names. */

export interface Scale {
  readonly at: (figure: number) => number;
  readonly ticks: readonly number[];
}

/** From zero to a round figure not below `most`. `from` and `to`: the pixels of its ends. */
export function linear(most: number, from: number, to: number): Scale {
  const step = roundStep(most / 4);
  const steps = Math.max(1, Math.ceil(most / step - 1e-9));
  const ticks = Array.from({ length: steps + 1 }, (_, index) => index * step);
  return { at: (figure) => from + (figure / (steps * step)) * (to - from), ticks };
}

/** From the power of ten below `least` to the one above `most`; both are above zero. */
export function logarithmic(least: number, most: number, from: number, to: number): Scale {
  const [first, last] = [Math.floor(Math.log10(least)), Math.ceil(Math.log10(most))];
  const decades = Math.max(1, last - first);
  const ticks = Array.from({ length: decades + 1 }, (_, index) => 10 ** (first + index));
  return { at: (figure) => from + ((Math.log10(figure) - first) / decades) * (to - from), ticks };
}

/** 1, 2 or 5 times a power of ten, and not less than this. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5].find((digit) => digit * power >= least) ?? 10);
}

/** As a person writes it: 1 600, 35.6, 4.1. */
export function short(figure: number): string {
  if (figure >= 1000)
    return Math.round(figure)
      .toString()
      .replace(/\B(?=(\d{3})+$)/g, "\u202f");
  return String(Number(figure.toFixed(figure < 10 ? 1 : 0)));
}

/** Milliseconds below a second, seconds above. */
export function duration(ms: number): string {
  return ms < 1000 ? `${short(ms)} ms` : `${short(ms / 1000)} s`;
}

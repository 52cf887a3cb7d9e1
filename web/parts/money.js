/** Tokens and money in words. */

/** @typedef {import("../server/types.js").UsageTotal} UsageTotal */

const COUNT = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/**
 * Returns an amount of US dollars; an unknown price is not nothing.
 * @param {number | null | undefined} usd
 */
export function dollars(usd) {
  if (usd === null || usd === undefined) return "unknown price";
  return usd === 0 ? "$0" : usd < 0.01 ? `$${usd.toPrecision(2)}` : `$${usd.toFixed(2)}`;
}

/**
 * Returns tokens and money in one line; empty where no model was called.
 * @param {UsageTotal | null | undefined} usage
 */
export function usageLine(usage) {
  if (!usage) return "";
  const tokens = `${COUNT.format(usage.input_tokens ?? 0)} in, ${COUNT.format(usage.output_tokens ?? 0)} out`;
  return `${tokens} · ${dollars(usage.usd)}${usage.unpriced_requests && usage.usd !== null ? " and more" : ""}`;
}

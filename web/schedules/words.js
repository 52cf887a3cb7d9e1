/** When a schedule starts runs, in words. */

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS = ["", "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const NAMED = /** @type {Record<string, string>} */ ({
  "@yearly": "every year on 1 January at 00:00", "@annually": "every year on 1 January at 00:00", "@monthly": "on the first day of each month at 00:00",
  "@weekly": "every Sunday at 00:00", "@daily": "every day at 00:00", "@midnight": "every day at 00:00", "@hourly": "every hour",
});

/**
 * Returns what `cron` or `every` says; a form that has no short words is told as it stands.
 * @param {{cron: string | null, every: string | null, time_zone: string}} schedule
 */
export function whenInWords({ cron, every, time_zone: zone }) {
  const parts = [];
  if (every) parts.push(`every ${lengthInWords(every)}`);
  if (cron) parts.push(`${cron.split("; ").map((each) => cronInWords(each) ?? each).join("; ")}${zone === "UTC" || zone === "" ? " UTC" : ` (${zone})`}`);
  return parts.join("; ") || "never by itself";
}

const UNITS = /** @type {Record<string, string>} */ ({ d: "d", h: "h", m: "min", s: "s" });

/** A duration such as `1h30m` with its units in words. @param {string} text */
export function lengthInWords(text) {
  return text.replace(/([\d.]+)([dhms])/g, (_, count, unit) => `${count} ${UNITS[unit]} `).trim();
}

/** @param {string} cron @returns {string | null} null where it has no short words */
export function cronInWords(cron) {
  const named = NAMED[cron.trim()];
  if (named) return named;
  const fields = cron.trim().split(/\s+/);
  if (fields.length !== 5) return null;
  const [minute = "", hour = "", day = "", month = "", weekday = ""] = fields;
  const date = dateInWords(day, month, weekday);
  const time = timeInWords(minute, hour);
  if (date === null || time === null) return null;
  return time.startsWith("at") ? `${date} ${time}` : date === "every day" ? time : `${time}, ${date}`;
}

/** @param {string} minute @param {string} hour */
function timeInWords(minute, hour) {
  const step = /^\*\/(\d+)$/;
  if (/^\d+$/.test(minute) && /^\d+(,\d+)*$/.test(hour)) {
    return `at ${hour.split(",").map((each) => `${each.padStart(2, "0")}:${minute.padStart(2, "0")}`).join(" and ")}`;
  }
  if (hour === "*" && minute === "*") return "every minute";
  if (hour === "*" && step.test(minute)) return `every ${step.exec(minute)?.[1]} minutes`;
  if (hour === "*" && /^\d+$/.test(minute)) return minute === "0" ? "every hour" : `every hour at minute ${Number(minute)}`;
  if (step.test(hour) && /^\d+$/.test(minute)) return `every ${step.exec(hour)?.[1]} hours${minute === "0" ? "" : ` at minute ${Number(minute)}`}`;
  const range = /^(\d+)-(\d+)$/.exec(hour);
  if (range && (step.test(minute) || minute === "0")) {
    const often = minute === "0" ? "every hour" : `every ${step.exec(minute)?.[1]} minutes`;
    return `${often} from ${range[1]?.padStart(2, "0")}:00 to ${range[2]?.padStart(2, "0")}:59`;
  }
  return null;
}

/** @param {string} day @param {string} month @param {string} weekday */
function dateInWords(day, month, weekday) {
  const months = month === "*" ? "" : named(month, MONTHS);
  if (months === null) return null;
  if (weekday !== "*" && day !== "*") return null;
  const within = months ? ` in ${months}` : "";
  if (weekday !== "*") {
    if (/^(1-5|mon-fri)$/i.test(weekday)) return `on weekdays${within}`;
    const days = named(weekday, DAYS);
    return days === null ? null : `every ${days}${within}`;
  }
  if (day === "*") return within ? `every day${within}` : "every day";
  if (!/^\d+(,\d+)*$/.test(day)) return null;
  return months ? `on ${day.split(",").join(" and ")} ${months}` : `on day ${day.split(",").join(" and ")} of each month`;
}

/** Names of a list or a range of numbers or short names. @param {string} field @param {string[]} names */
function named(field, names) {
  const parts = field.split(",").map((part) => {
    const ends = part.split("-").map((each) => (/^\d+$/.test(each) ? names[Number(each)] : names.find((name) => name !== "" && name.slice(0, 3).toLowerCase() === each.toLowerCase())));
    return ends.every(Boolean) && ends.length <= 2 ? ends.join(" to ") : null;
  });
  return parts.includes(null) ? null : parts.join(" and ");
}

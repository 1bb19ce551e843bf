// The terms of ReQL as the JavaScript driver spells them: which number each has on the wire, whether it is written after r or
// after another term, and what its arguments mean. A test compares the table with the published driver and with the server's
// documentation, so that none is missing.

export interface Rule {
  readonly type: number;
  /** Written after r ("r"), after a term ("term"), or after either. */
  readonly after: 'r' | 'term' | 'both';
  /** Exactly so many arguments, then perhaps an object of options. What stands before the dot is not counted. */
  readonly fixed?: number;
  /** Like fixed when the term is written after r. */
  readonly fixedAfterR?: number;
  /** The last argument is the options when it is an object, and there are so many arguments. */
  readonly trailing?: (count: number) => boolean;
  /** Which arguments may be functions, and so become one when r.row is in them. */
  readonly functions?: 'all' | 'last' | readonly number[];
}

type Extra = Omit<Rule, 'type' | 'after'>;

const term = (type: number, extra: Extra = {}): Rule => ({ type, after: 'term', ...extra });
const onR = (type: number, extra: Extra = {}): Rule => ({ type, after: 'r', ...extra });
const both = (type: number, extra: Extra = {}): Rule => ({ type, after: 'both', ...extra });

const functions: Extra = { functions: 'all' };
const anyOptions = () => true;
const options = (fixed: number): Extra => ({ fixed });

/** Numbers of terms that the syntax makes, rather than a name. */
export const Type = {
  datum: 1, makeArray: 2, makeObject: 3, variable: 10, implicitVariable: 13, iso8601: 99, asc: 73, desc: 74,
  binary: 155, bracket: 170, function: 69, call: 64,
} as const;

/** What is written without brackets: r.minval. */
export const constants: Readonly<Record<string, number>> = {
  row: Type.implicitVariable, minval: 180, maxval: 181,
  monday: 107, tuesday: 108, wednesday: 109, thursday: 110, friday: 111, saturday: 112, sunday: 113,
  january: 114, february: 115, march: 116, april: 117, may: 118, june: 119, july: 120, august: 121, september: 122,
  october: 123, november: 124, december: 125,
};

/** What is written as a call. r.expr, r.binary and do have rules of their own in build.ts. */
export const terms: Readonly<Record<string, Rule>> = {
  // Databases and tables
  db: onR(14), dbCreate: onR(57), dbDrop: onR(58), dbList: onR(59),
  table: both(15, options(1)), tableCreate: both(60, options(1)), tableDrop: both(61), tableList: both(62),
  indexCreate: term(75, { trailing: anyOptions, functions: [1] }), indexDrop: term(76), indexList: term(77),
  indexStatus: term(139), indexWait: term(140), indexRename: term(156, options(2)),
  setWriteHook: term(189), getWriteHook: term(190), sync: term(138), grant: both(188),
  config: term(174), status: term(175), wait: term(177, options(0)), reconfigure: term(176, options(0)), rebalance: term(179),

  // Reading and writing rows
  get: term(16), getAll: term(78, { trailing: count => count > 1 }), between: term(182, options(2)),
  filter: term(39, { fixed: 1, functions: [0] }), changes: term(152, options(0)),
  insert: term(56, options(1)), update: term(53, { fixed: 1, functions: [0] }),
  replace: term(55, { fixed: 1, functions: [0] }), delete: term(54, options(0)),
  getIntersecting: term(166, options(1)), getNearest: term(168, options(1)),

  // Sequences
  map: both(38, { functions: 'last' }), concatMap: term(40, functions), forEach: term(68, functions),
  innerJoin: term(48), outerJoin: term(49), eqJoin: term(50, { fixed: 2, functions: [0] }), zip: term(72),
  orderBy: term(41, { trailing: anyOptions, functions: 'all' }), asc: onR(Type.asc, functions), desc: onR(Type.desc, functions),
  skip: term(70), limit: term(71), slice: term(30, { trailing: anyOptions }), nth: term(45), sample: term(81),
  isEmpty: term(86), offsetsOf: term(87, functions), union: both(44, { trailing: anyOptions, functions: 'all' }),
  withFields: term(96),
  group: both(144, { trailing: anyOptions, functions: 'all' }), ungroup: term(150), reduce: both(37, functions),
  fold: term(187, { fixed: 2, functions: [1] }), count: both(43, functions), sum: both(145, functions),
  avg: both(146, functions), min: both(147, { trailing: count => count === 1, functions: 'all' }),
  max: both(148, { trailing: count => count === 1, functions: 'all' }),
  distinct: both(42, { fixed: 0, fixedAfterR: 1 }), contains: both(93, functions),

  // Documents and arrays
  bracket: term(Type.bracket), getField: term(31), hasFields: term(32), pluck: term(33), without: term(34),
  merge: term(35, functions), literal: onR(137), keys: term(94), values: term(186), object: onR(143),
  append: term(29), prepend: term(80), insertAt: term(82), spliceAt: term(85), deleteAt: term(83), changeAt: term(84),
  difference: term(95), setInsert: term(88), setUnion: term(90), setIntersection: term(89), setDifference: term(91),

  // Strings, numbers, logic
  match: term(97), split: term(149, functions), upcase: term(141), downcase: term(142), format: onR(197),
  add: both(24), sub: both(25), mul: both(26), div: both(27), mod: both(28),
  floor: both(183), ceil: both(184), round: both(185), random: onR(151, { trailing: anyOptions }),
  and: both(67), or: both(66), not: both(23),
  eq: both(17), ne: both(18), lt: both(19), le: both(20), gt: both(21), ge: both(22),
  bitAnd: both(191), bitOr: both(192), bitXor: both(193), bitNot: both(194), bitSal: both(195), bitSar: both(196),

  // Times
  now: onR(103), time: onR(136), epochTime: onR(101), ISO8601: onR(Type.iso8601, options(1)),
  toISO8601: term(100), toEpochTime: term(102), inTimezone: term(104), timezone: term(127),
  during: term(105, options(2)), date: term(106), timeOfDay: term(126),
  year: term(128), month: term(129), day: term(130), dayOfWeek: term(131), dayOfYear: term(132),
  hours: term(133), minutes: term(134), seconds: term(135),

  // Control
  do: both(Type.call, { functions: 'last' }), branch: both(65), default: term(92), error: onR(12), range: onR(173),
  args: onR(154), typeOf: both(52), coerceTo: term(51), info: both(79), json: onR(98), toJsonString: term(172),
  toJSON: term(172), js: onR(11, options(1)), http: onR(153, options(1)), uuid: both(169),

  // Geometry
  point: onR(159), line: onR(160), polygon: onR(161), circle: onR(165, options(2)), geojson: onR(157),
  toGeojson: term(158), fill: term(167), polygonSub: term(171), includes: term(164), intersects: both(163),
  distance: both(162, { fixed: 1, fixedAfterR: 2 }),
};

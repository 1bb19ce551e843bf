package reql

// TermType is the number of a term on the wire. The numbers are those of the published protocol definition ql2.proto.
type TermType int32

// The terms of the protocol.
const (
	TermDatum             TermType = 1
	TermMakeArray         TermType = 2
	TermMakeObj           TermType = 3
	TermVar               TermType = 10
	TermJavaScript        TermType = 11
	TermError             TermType = 12
	TermImplicitVar       TermType = 13
	TermDB                TermType = 14
	TermTable             TermType = 15
	TermGet               TermType = 16
	TermEq                TermType = 17
	TermNe                TermType = 18
	TermLt                TermType = 19
	TermLe                TermType = 20
	TermGt                TermType = 21
	TermGe                TermType = 22
	TermNot               TermType = 23
	TermAdd               TermType = 24
	TermSub               TermType = 25
	TermMul               TermType = 26
	TermDiv               TermType = 27
	TermMod               TermType = 28
	TermAppend            TermType = 29
	TermSlice             TermType = 30
	TermGetField          TermType = 31
	TermHasFields         TermType = 32
	TermPluck             TermType = 33
	TermWithout           TermType = 34
	TermMerge             TermType = 35
	TermBetweenDeprecated TermType = 36
	TermReduce            TermType = 37
	TermMap               TermType = 38
	TermFilter            TermType = 39
	TermConcatMap         TermType = 40
	TermOrderBy           TermType = 41
	TermDistinct          TermType = 42
	TermCount             TermType = 43
	TermUnion             TermType = 44
	TermNth               TermType = 45
	TermInnerJoin         TermType = 48
	TermOuterJoin         TermType = 49
	TermEqJoin            TermType = 50
	TermCoerceTo          TermType = 51
	TermTypeOf            TermType = 52
	TermUpdate            TermType = 53
	TermDelete            TermType = 54
	TermReplace           TermType = 55
	TermInsert            TermType = 56
	TermDBCreate          TermType = 57
	TermDBDrop            TermType = 58
	TermDBList            TermType = 59
	TermTableCreate       TermType = 60
	TermTableDrop         TermType = 61
	TermTableList         TermType = 62
	TermFuncall           TermType = 64
	TermBranch            TermType = 65
	TermOr                TermType = 66
	TermAnd               TermType = 67
	TermForEach           TermType = 68
	TermFunc              TermType = 69
	TermSkip              TermType = 70
	TermLimit             TermType = 71
	TermZip               TermType = 72
	TermAsc               TermType = 73
	TermDesc              TermType = 74
	TermIndexCreate       TermType = 75
	TermIndexDrop         TermType = 76
	TermIndexList         TermType = 77
	TermGetAll            TermType = 78
	TermInfo              TermType = 79
	TermPrepend           TermType = 80
	TermSample            TermType = 81
	TermInsertAt          TermType = 82
	TermDeleteAt          TermType = 83
	TermChangeAt          TermType = 84
	TermSpliceAt          TermType = 85
	TermIsEmpty           TermType = 86
	TermOffsetsOf         TermType = 87
	TermSetInsert         TermType = 88
	TermSetIntersection   TermType = 89
	TermSetUnion          TermType = 90
	TermSetDifference     TermType = 91
	TermDefault           TermType = 92
	TermContains          TermType = 93
	TermKeys              TermType = 94
	TermDifference        TermType = 95
	TermWithFields        TermType = 96
	TermMatch             TermType = 97
	TermJSON              TermType = 98
	TermISO8601           TermType = 99
	TermToISO8601         TermType = 100
	TermEpochTime         TermType = 101
	TermToEpochTime       TermType = 102
	TermNow               TermType = 103
	TermInTimezone        TermType = 104
	TermDuring            TermType = 105
	TermDate              TermType = 106
	TermMonday            TermType = 107
	TermTuesday           TermType = 108
	TermWednesday         TermType = 109
	TermThursday          TermType = 110
	TermFriday            TermType = 111
	TermSaturday          TermType = 112
	TermSunday            TermType = 113
	TermJanuary           TermType = 114
	TermFebruary          TermType = 115
	TermMarch             TermType = 116
	TermApril             TermType = 117
	TermMay               TermType = 118
	TermJune              TermType = 119
	TermJuly              TermType = 120
	TermAugust            TermType = 121
	TermSeptember         TermType = 122
	TermOctober           TermType = 123
	TermNovember          TermType = 124
	TermDecember          TermType = 125
	TermTimeOfDay         TermType = 126
	TermTimezone          TermType = 127
	TermYear              TermType = 128
	TermMonth             TermType = 129
	TermDay               TermType = 130
	TermDayOfWeek         TermType = 131
	TermDayOfYear         TermType = 132
	TermHours             TermType = 133
	TermMinutes           TermType = 134
	TermSeconds           TermType = 135
	TermTime              TermType = 136
	TermLiteral           TermType = 137
	TermSync              TermType = 138
	TermIndexStatus       TermType = 139
	TermIndexWait         TermType = 140
	TermUpcase            TermType = 141
	TermDowncase          TermType = 142
	TermObject            TermType = 143
	TermGroup             TermType = 144
	TermSum               TermType = 145
	TermAvg               TermType = 146
	TermMin               TermType = 147
	TermMax               TermType = 148
	TermSplit             TermType = 149
	TermUngroup           TermType = 150
	TermRandom            TermType = 151
	TermChanges           TermType = 152
	TermHTTP              TermType = 153
	TermArgs              TermType = 154
	TermBinary            TermType = 155
	TermIndexRename       TermType = 156
	TermGeoJSON           TermType = 157
	TermToGeoJSON         TermType = 158
	TermPoint             TermType = 159
	TermLine              TermType = 160
	TermPolygon           TermType = 161
	TermDistance          TermType = 162
	TermIntersects        TermType = 163
	TermIncludes          TermType = 164
	TermCircle            TermType = 165
	TermGetIntersecting   TermType = 166
	TermFill              TermType = 167
	TermGetNearest        TermType = 168
	TermUUID              TermType = 169
	TermBracket           TermType = 170
	TermPolygonSub        TermType = 171
	TermToJSONString      TermType = 172
	TermRange             TermType = 173
	TermConfig            TermType = 174
	TermStatus            TermType = 175
	TermReconfigure       TermType = 176
	TermWait              TermType = 177
	TermRebalance         TermType = 179
	TermMinVal            TermType = 180
	TermMaxVal            TermType = 181
	TermBetween           TermType = 182
	TermFloor             TermType = 183
	TermCeil              TermType = 184
	TermRound             TermType = 185
	TermValues            TermType = 186
	TermFold              TermType = 187
	TermGrant             TermType = 188
	TermSetWriteHook      TermType = 189
	TermGetWriteHook      TermType = 190
	TermBitAnd            TermType = 191
	TermBitOr             TermType = 192
	TermBitXor            TermType = 193
	TermBitNot            TermType = 194
	TermBitSal            TermType = 195
	TermBitSar            TermType = 196
	TermFormat            TermType = 197
)

var termNames = [...]string{
	TermDatum:             "datum",
	TermMakeArray:         "make_array",
	TermMakeObj:           "make_obj",
	TermVar:               "var",
	TermJavaScript:        "javascript",
	TermError:             "error",
	TermImplicitVar:       "implicit_var",
	TermDB:                "db",
	TermTable:             "table",
	TermGet:               "get",
	TermEq:                "eq",
	TermNe:                "ne",
	TermLt:                "lt",
	TermLe:                "le",
	TermGt:                "gt",
	TermGe:                "ge",
	TermNot:               "not",
	TermAdd:               "add",
	TermSub:               "sub",
	TermMul:               "mul",
	TermDiv:               "div",
	TermMod:               "mod",
	TermAppend:            "append",
	TermSlice:             "slice",
	TermGetField:          "get_field",
	TermHasFields:         "has_fields",
	TermPluck:             "pluck",
	TermWithout:           "without",
	TermMerge:             "merge",
	TermBetweenDeprecated: "between_deprecated",
	TermReduce:            "reduce",
	TermMap:               "map",
	TermFilter:            "filter",
	TermConcatMap:         "concat_map",
	TermOrderBy:           "order_by",
	TermDistinct:          "distinct",
	TermCount:             "count",
	TermUnion:             "union",
	TermNth:               "nth",
	TermInnerJoin:         "inner_join",
	TermOuterJoin:         "outer_join",
	TermEqJoin:            "eq_join",
	TermCoerceTo:          "coerce_to",
	TermTypeOf:            "type_of",
	TermUpdate:            "update",
	TermDelete:            "delete",
	TermReplace:           "replace",
	TermInsert:            "insert",
	TermDBCreate:          "db_create",
	TermDBDrop:            "db_drop",
	TermDBList:            "db_list",
	TermTableCreate:       "table_create",
	TermTableDrop:         "table_drop",
	TermTableList:         "table_list",
	TermFuncall:           "funcall",
	TermBranch:            "branch",
	TermOr:                "or",
	TermAnd:               "and",
	TermForEach:           "for_each",
	TermFunc:              "func",
	TermSkip:              "skip",
	TermLimit:             "limit",
	TermZip:               "zip",
	TermAsc:               "asc",
	TermDesc:              "desc",
	TermIndexCreate:       "index_create",
	TermIndexDrop:         "index_drop",
	TermIndexList:         "index_list",
	TermGetAll:            "get_all",
	TermInfo:              "info",
	TermPrepend:           "prepend",
	TermSample:            "sample",
	TermInsertAt:          "insert_at",
	TermDeleteAt:          "delete_at",
	TermChangeAt:          "change_at",
	TermSpliceAt:          "splice_at",
	TermIsEmpty:           "is_empty",
	TermOffsetsOf:         "offsets_of",
	TermSetInsert:         "set_insert",
	TermSetIntersection:   "set_intersection",
	TermSetUnion:          "set_union",
	TermSetDifference:     "set_difference",
	TermDefault:           "default",
	TermContains:          "contains",
	TermKeys:              "keys",
	TermDifference:        "difference",
	TermWithFields:        "with_fields",
	TermMatch:             "match",
	TermJSON:              "json",
	TermISO8601:           "iso8601",
	TermToISO8601:         "to_iso8601",
	TermEpochTime:         "epoch_time",
	TermToEpochTime:       "to_epoch_time",
	TermNow:               "now",
	TermInTimezone:        "in_timezone",
	TermDuring:            "during",
	TermDate:              "date",
	TermMonday:            "monday",
	TermTuesday:           "tuesday",
	TermWednesday:         "wednesday",
	TermThursday:          "thursday",
	TermFriday:            "friday",
	TermSaturday:          "saturday",
	TermSunday:            "sunday",
	TermJanuary:           "january",
	TermFebruary:          "february",
	TermMarch:             "march",
	TermApril:             "april",
	TermMay:               "may",
	TermJune:              "june",
	TermJuly:              "july",
	TermAugust:            "august",
	TermSeptember:         "september",
	TermOctober:           "october",
	TermNovember:          "november",
	TermDecember:          "december",
	TermTimeOfDay:         "time_of_day",
	TermTimezone:          "timezone",
	TermYear:              "year",
	TermMonth:             "month",
	TermDay:               "day",
	TermDayOfWeek:         "day_of_week",
	TermDayOfYear:         "day_of_year",
	TermHours:             "hours",
	TermMinutes:           "minutes",
	TermSeconds:           "seconds",
	TermTime:              "time",
	TermLiteral:           "literal",
	TermSync:              "sync",
	TermIndexStatus:       "index_status",
	TermIndexWait:         "index_wait",
	TermUpcase:            "upcase",
	TermDowncase:          "downcase",
	TermObject:            "object",
	TermGroup:             "group",
	TermSum:               "sum",
	TermAvg:               "avg",
	TermMin:               "min",
	TermMax:               "max",
	TermSplit:             "split",
	TermUngroup:           "ungroup",
	TermRandom:            "random",
	TermChanges:           "changes",
	TermHTTP:              "http",
	TermArgs:              "args",
	TermBinary:            "binary",
	TermIndexRename:       "index_rename",
	TermGeoJSON:           "geojson",
	TermToGeoJSON:         "to_geojson",
	TermPoint:             "point",
	TermLine:              "line",
	TermPolygon:           "polygon",
	TermDistance:          "distance",
	TermIntersects:        "intersects",
	TermIncludes:          "includes",
	TermCircle:            "circle",
	TermGetIntersecting:   "get_intersecting",
	TermFill:              "fill",
	TermGetNearest:        "get_nearest",
	TermUUID:              "uuid",
	TermBracket:           "bracket",
	TermPolygonSub:        "polygon_sub",
	TermToJSONString:      "to_json_string",
	TermRange:             "range",
	TermConfig:            "config",
	TermStatus:            "status",
	TermReconfigure:       "reconfigure",
	TermWait:              "wait",
	TermRebalance:         "rebalance",
	TermMinVal:            "minval",
	TermMaxVal:            "maxval",
	TermBetween:           "between",
	TermFloor:             "floor",
	TermCeil:              "ceil",
	TermRound:             "round",
	TermValues:            "values",
	TermFold:              "fold",
	TermGrant:             "grant",
	TermSetWriteHook:      "set_write_hook",
	TermGetWriteHook:      "get_write_hook",
	TermBitAnd:            "bit_and",
	TermBitOr:             "bit_or",
	TermBitXor:            "bit_xor",
	TermBitNot:            "bit_not",
	TermBitSal:            "bit_sal",
	TermBitSar:            "bit_sar",
	TermFormat:            "format",
}

// String gives the name of the term as the drivers spell it in snake case.
func (t TermType) String() string {
	if t.Known() {
		return termNames[t]
	}
	return "unknown"
}

// Known tells whether the protocol has a term of this number.
func (t TermType) Known() bool {
	return t >= 0 && int(t) < len(termNames) && termNames[t] != ""
}

// WritesOrMeta tells whether the term changes data or the catalog.
func (t TermType) WritesOrMeta() bool {
	switch t {
	case TermUpdate, TermDelete, TermInsert, TermReplace, TermDBCreate, TermDBDrop, TermTableCreate, TermTableDrop, TermWait, TermReconfigure, TermRebalance, TermSync, TermGrant, TermSetWriteHook, TermGetWriteHook, TermIndexCreate, TermIndexDrop, TermIndexWait, TermIndexRename:
		return true
	}
	return false
}

// forbidsWrites tells whether writes may not stand in the arguments after the first, nor in optional arguments.
func (t TermType) forbidsWrites() bool {
	switch t {
	case TermReduce, TermMap, TermFold, TermFilter, TermConcatMap, TermGroup, TermInnerJoin, TermOuterJoin, TermEqJoin, TermUpdate, TermDelete, TermReplace, TermInsert, TermCount, TermSum, TermAvg, TermMin, TermMax:
		return true
	}
	return false
}

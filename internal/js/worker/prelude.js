// What stands between the engine and the values of ReQL. It is evaluated before any script of a query, and holds on to the
// built-ins that it uses, so that a script that changes them changes only itself. The value is the one function that the
// worker calls:
//
//	(0, v)        the result v, when it is a script's value
//	(1, f, x)     the result of f(x)
//	(2, f, json)  the result of f with the arguments in a JSON array
//	(3, f, json)  the same, with pseudo-types TIME among the arguments
//	(4, n)        sets the limit on the elements of an array
//
// A result is a number, a boolean, null, or a string that begins with its kind as in the protocol.
(function () {
	'use strict';
	const scope = globalThis;
	const { parse, stringify } = JSON;
	const { apply } = Reflect;
	const { keys, getPrototypeOf, hasOwn } = Object;
	const { isArray } = Array;
	const { isFinite } = Number;
	const { join } = Array.prototype;
	const { toWellFormed } = String.prototype;
	const DateOf = Date, dates = Date.prototype, regexps = RegExp.prototype;

	// How deep the values of a result may be. A ring is found by that.
	const maxDepth = 500;

	let arrayLimit = 100000;
	let failure = '';

	function fail(text) {
		failure = 'e' + text;
	}

	// text is the JSON of a result, in pieces: to append to one string would copy it each time.
	let text = [];
	let pieces = 0;

	// json appends to text what comes before v and v, or sets failure.
	function json(before, v, depth) {
		if (depth === 0) return fail('Recursion limit exceeded in js_to_json (circular reference?).');
		switch (typeof v) {
		case 'string':
			text[pieces++] = before + stringify(apply(toWellFormed, v, []));
			return;
		case 'number':
			if (!isFinite(v)) return fail('Number return value is not finite.');
			text[pieces++] = before + (v === 0 && 1 / v < 0 ? '-0.0' : v);
			return;
		case 'boolean':
			text[pieces++] = before + v;
			return;
		case 'undefined':
			return fail('Cannot convert javascript `undefined` to ql::datum_t.');
		case 'function':
			return fail('Cannot convert function to ql::datum_t.');
		case 'object':
			if (v === null) text[pieces++] = before + 'null';
			else if (isArray(v)) array(before, v, depth - 1);
			else object(before, v, depth - 1);
			return;
		}
		fail('Unhandled value type when converting to ql::datum_t.');
	}

	function array(before, v, depth) {
		const n = v.length;
		if (n > arrayLimit) {
			failure = 'a';
			return;
		}
		text[pieces++] = before + '[';
		for (let i = 0; i < n && failure === ''; i++) json(i === 0 ? '' : ',', get(v, i), depth);
		text[pieces++] = ']';
	}

	function object(before, v, depth) {
		const prototype = getPrototypeOf(v);
		if (prototype === regexps) return fail('Cannot convert RegExp to ql::datum_t.');
		if (prototype === dates) return time(before, v);
		let names;
		try {
			names = keys(v);
		} catch {
			return fail('Could not get object properties.');
		}
		before += '{';
		if (names.length === 0) text[pieces++] = before;
		for (let i = 0; i < names.length && failure === ''; i++) {
			const name = names[i];
			json(before + stringify(apply(toWellFormed, name, [])) + ':', get(v, name), depth);
			before = ',';
		}
		text[pieces++] = '}';
	}

	function time(before, v) {
		let ms;
		try {
			ms = +v.valueOf();
		} catch {
			return fail('Invalid Date in JS environment');
		}
		if (!isFinite(ms)) return fail('Non-finite number: nan');
		text[pieces++] = before + '{"$reql_type$":"TIME","epoch_time":' + ms / 1000 + ',"timezone":"+00:00"}';
	}

	// What a getter throws is not the script's error but a property without a usable value: a symbol stands for it.
	const unusable = Symbol();

	function get(v, name) {
		try {
			return v[name];
		} catch {
			return unusable;
		}
	}

	function result(v) {
		switch (typeof v) {
		case 'number':
			if (isFinite(v)) return v;
			break;
		case 'boolean':
			return v;
		case 'string':
			return 's' + v;
		case 'function':
			return 'f';
		case 'object':
			if (v === null) return v;
		}
		failure = '';
		text = [];
		pieces = 0;
		json('j', v, maxDepth);
		const all = failure === '' ? apply(join, text, ['']) : failure;
		text = [];
		return all;
	}

	// revive makes Dates of the times in v, which parse has made.
	function revive(v) {
		if (typeof v !== 'object' || v === null) return v;
		if (hasOwn(v, '$reql_type$') && v.$reql_type$ === 'TIME') return new DateOf(v.epoch_time * 1000);
		const names = keys(v);
		for (let i = 0; i < names.length; i++) v[names[i]] = revive(v[names[i]]);
		return v;
	}

	return function (what, f, x) {
		switch (what) {
		case 0:
			return result(f);
		case 1:
			return result(apply(f, scope, [x]));
		case 2:
			return result(apply(f, scope, parse(x)));
		case 3:
			return result(apply(f, scope, revive(parse(x))));
		case 4:
			arrayLimit = f;
		}
	};
})()

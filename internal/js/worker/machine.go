package worker

import (
	_ "embed"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"time"

	"modernc.org/quickjs"

	"rethinkdb/internal/js"
)

//go:embed prelude.js
var prelude string

// What the prelude's function does.
const (
	opValue = iota
	opNumber
	opJSON
	opTimes
	opLimit
)

const (
	// memoryBytes is what the scripts of a query may use together.
	memoryBytes = 64 << 20
	// preludeLimit is the limit on arrays that the prelude begins with.
	preludeLimit = 100_000
	// maxFunctions is how many functions of a query are kept. More are evaluated again when they are called.
	maxFunctions = 100
)

// machine is the engine of one query, or of several whose scripts are all harmless.
type machine struct {
	vm        *quickjs.VM
	invoke    quickjs.Value // the prelude's function
	functions map[string]quickjs.Value

	arrayLimit uint32 // that the prelude knows
	spoilt     bool   // a script may have left something behind
}

// compiledPrelude gives the prelude as bytecode. To compile it takes as long as the rest of newMachine, and each query with
// a script needs a machine.
var compiledPrelude = sync.OnceValues(func() (code []byte, err error) {
	vm, err := quickjs.NewVM()
	if err != nil {
		return nil, err
	}
	code, err = vm.Compile(prelude, quickjs.EvalGlobal)
	return code, errors.Join(err, vm.Close())
})

func newMachine() (*machine, error) {
	vm, err := quickjs.NewVM()
	if err != nil {
		return nil, fmt.Errorf("make a QuickJS engine: %w", err)
	}
	vm.SetMemoryLimit(memoryBytes)
	var invoke quickjs.Value
	code, err := compiledPrelude()
	if err == nil {
		invoke, err = vm.EvalBytecodeValue(code)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("evaluate the prelude: %w", err), vm.Close())
	}
	return &machine{vm: vm, invoke: invoke, functions: map[string]quickjs.Value{}, arrayLimit: preludeLimit}, nil
}

func (m *machine) close() error {
	m.forget()
	m.invoke.Free()
	return m.vm.Close()
}

func (m *machine) forget() {
	for source, f := range m.functions {
		f.Free()
		delete(m.functions, source)
	}
}

// limit sets what holds for the calls that follow.
func (m *machine) limit(timeout time.Duration, arrayLimit uint32) error {
	if err := m.vm.SetEvalTimeout(timeout); err != nil || arrayLimit == m.arrayLimit {
		return err
	}
	_, err := m.invoke.Call(quickjs.UndefinedValue, opLimit, float64(arrayLimit))
	m.arrayLimit = arrayLimit
	return err
}

// eval appends the result of a script to dst. A function is kept.
func (m *machine) eval(dst []byte, source string) []byte {
	if _, ok := m.functions[source]; ok {
		return js.AppendItem(dst, js.KindFunction, "")
	}
	m.spoilt = m.spoilt || !harmless(source)
	v, err := m.vm.EvalValue(source, quickjs.EvalGlobal)
	if err != nil {
		return appendError(dst, err)
	}
	start := len(dst)
	dst = m.result(dst, opValue, v, nil)
	if dst[start] != js.KindFunction {
		v.Free()
		return dst
	}
	if len(m.functions) == maxFunctions {
		m.forget()
	}
	m.functions[source] = v
	return dst
}

// call appends the result of a call of the function of a script that eval has kept.
func (m *machine) call(dst []byte, source string, form byte, argument []byte) []byte {
	f := m.functions[source]
	start := len(dst)
	switch form {
	case js.FormNumber:
		x, err := js.NumberOf(argument)
		if err != nil {
			return appendError(dst, err)
		}
		dst = m.result(dst, opNumber, f, x)
	case js.FormJSON:
		dst = m.result(dst, opJSON, f, string(argument))
	default:
		dst = m.result(dst, opTimes, f, string(argument))
	}
	if dst[start] == js.KindFunction {
		return js.AppendItem(dst[:start], js.KindError, "Returning functions from within `r.js` is unsupported.")
	}
	return dst
}

// result appends what the prelude's function returns.
func (m *machine) result(dst []byte, op int, f quickjs.Value, x any) []byte {
	v, err := m.invoke.Call(quickjs.UndefinedValue, op, f, x)
	if err != nil {
		return appendError(dst, err)
	}
	switch v := v.(type) {
	case int:
		return js.AppendNumber(dst, js.KindNumber, float64(v))
	case float64:
		return js.AppendNumber(dst, js.KindNumber, v)
	case bool:
		if v {
			return js.AppendItem(dst, js.KindJSON, "true")
		}
		return js.AppendItem(dst, js.KindJSON, "false")
	case nil:
		return js.AppendItem(dst, js.KindJSON, "null")
	case string:
		return js.AppendItem(dst, v[0], v[1:])
	case *big.Int, *quickjs.Object, quickjs.Undefined, quickjs.Unsupported:
	}
	panic(fmt.Sprintf("the prelude returned a %T", v))
}

// appendError appends an exception as JavaScript prints it.
func appendError(dst []byte, err error) []byte {
	text := err.Error()
	if text == "null" && wasLarge() {
		// When not even the exception could be made, the engine throws null, as scripts hardly do.
		text = "InternalError: out of memory"
	}
	return js.AppendItem(dst, js.KindError, text)
}

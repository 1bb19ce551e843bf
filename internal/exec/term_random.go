package exec

import (
	"math"
	"math/rand/v2"

	"github.com/google/uuid"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	// Family: Maths and logic
	//
	// r.random() → number
	// r.random(high) → number
	// r.random(low, high) → number
	//
	// A random number: without bounds a fraction from 0 up to 1; with bounds an integer from low, or 0, up to, but not
	// including, high.
	//
	// Options:
	// - float (bool; true without bounds): gives any number between the bounds
	//
	// Errors:
	// - QueryLogic: Lower bound (…) is not less than upper bound (…).
	// - QueryLogic: Generating a random integer requires one or two bounds.
	//
	//	> r.random(1, 7).typeOf()
	//	"NUMBER"
	register(reql.TermRandom, spec{max: 2, opts: []string{"float"}, datum: evalRandom, det: detNever})

	// Family: Control
	//
	// r.uuid() → string
	// r.uuid(string) → string
	//
	// A random UUID, or always the same one for the same string (of version 5), which is deterministic.
	//
	//	> r.uuid("Ada")
	//	"5b1c6ae1-4c9b-544f-8eb7-6bb284f9b38c"
	register(reql.TermUUID, spec{max: 1, datum: evalUUID, compile: compileUUID})
}

func evalRandom(c call) (datum.Value, error) {
	c, err := c.first()
	if err != nil {
		return datum.Value{}, err
	}
	float, given, err := c.optBool("float")
	if err != nil {
		return datum.Value{}, err
	}
	if !given {
		float = c.len() == 0
	}
	if !float && c.len() == 0 {
		return datum.Value{}, c.logic("Generating a random integer requires one or two bounds.")
	}
	var bounds [2]float64
	switch c.len() {
	case 0:
		bounds[1] = 1
	case 1:
		bounds[1], err = c.num(0)
	case 2:
		if bounds[0], err = c.num(0); err == nil {
			if !float { // each bound is checked before the next is evaluated
				_, err = c.randomBound("Lower", bounds[0])
			}
			if err == nil {
				bounds[1], err = c.num(1)
			}
		}
	}
	if err != nil {
		return datum.Value{}, err
	}
	if float {
		return datum.NewNumber(randomFloat(bounds[0], bounds[1]))
	}
	low, err := c.randomBound("Lower", bounds[0])
	if err != nil {
		return datum.Value{}, err
	}
	high, err := c.randomBound("Upper", bounds[1])
	if err != nil {
		return datum.Value{}, err
	}
	if low >= high {
		return datum.Value{}, c.logic("Lower bound (%d) is not less than upper bound (%d).", low, high)
	}
	return datum.Int(low + rand.Int64N(high-low)), nil
}

func (c call) randomBound(which string, f float64) (int64, error) {
	n, err := datum.Number(f).Int64()
	if err != nil {
		return 0, c.logic("%s bound (%s) could not be safely converted to an integer.", which, datum.FormatNumber(f))
	}
	return n, nil
}

// randomFloat gives a number from low up to but not including high, which may be less than low. The range may be wider than
// the largest number.
func randomFloat(low, high float64) float64 {
	scale := 1.0
	if math.IsInf(high-low, 0) {
		scale = 4
	}
	low, high = low/scale, high/scale
	f := low + rand.Float64()*(high-low)
	if high > low && f >= high || high <= low && f <= high {
		f = low // rounding has made it the bound
	}
	return f * scale
}

// uuidSpace is the name space of the UUIDs that belong to strings.
var uuidSpace = uuid.MustParse("91461c99-f89d-49d2-af96-d8e2e14e9b58")

// compileUUID says that a UUID without a string is random. With r.args nobody knows yet.
func compileUUID(_ *builder, n *opNode) error {
	if len(n.args) == 0 || n.splices {
		n.d |= detNever
	}
	return nil
}

func evalUUID(c call) (datum.Value, error) {
	if c.len() == 0 {
		id, err := uuid.NewRandom()
		return datum.String(id.String()), err
	}
	s, err := c.str(0)
	if err != nil {
		return datum.Value{}, err
	}
	return datum.String(uuid.NewSHA1(uuidSpace, []byte(s)).String()), nil
}

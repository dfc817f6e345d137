//go:build !unix

package guard

import (
	"errors"
	"os"
)

// Supported are the limits of this platform: a child cannot be given what it
// reports to.
var Supported = Support{}

// Run fails.
func Run(Command, Limits) (Result, error) {
	return Result{}, errors.New("there are no limits on this platform")
}

// Child is the program in its second life.
type Child struct{ Stderr *os.File }

// Enter does nothing.
func Enter() (*Child, error) { return nil, nil }

// Phase does nothing.
func (*Child) Phase(string) {}

// Unlimited does nothing.
func (*Child) Unlimited(string) {}

// End does nothing.
func (*Child) End() {}

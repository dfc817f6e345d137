package main

import (
	"errors"
	"fmt"
	"io"

	"netgen.dev/diag"
	"netgen.dev/internal/foreign"
)

// readStream reads what a flag or an operand names, or standard input with -.
func (a *app) readStream(name string) ([]byte, error) {
	in := &foreign.Reader{}
	if name == "-" {
		data, err := in.Stream(a.in, foreign.Stdin)
		if err != nil {
			return nil, unreadable("standard input", err)
		}
		return data, nil
	}
	file, err := a.path(name)
	if err != nil {
		return nil, err
	}
	data, err := in.File(file, name)
	if err != nil {
		return nil, unreadable(name, err)
	}
	return data, nil
}

// unreadable returns the error of an input by the name that its user knows. What is
// a finding has it already.
func unreadable(name string, err error) error {
	if _, ok := errors.AsType[*foreign.Error](err); ok {
		return err
	}
	return fmt.Errorf("read %s: %w", name, reason(err))
}

// unread shows why an input is not read where that is a finding, and returns the
// error that the command then ends with: what cannot be read is not the fault of
// what was to be proved of it.
func (a *app) unread(w io.Writer, err error, in *inputs) error {
	own, ok := errors.AsType[*foreign.Error](err)
	if !ok {
		return err
	}
	err = a.show(w, diag.List{own.Diagnostic}, in, nil)
	if errors.Is(err, errFindings) {
		return errIncomparable
	}
	return err
}

package main

import (
	"fmt"
	"path/filepath"
	"time"

	"netgen.dev/diag"
)

// patience is how long work may take before a person is told how far it is.
const patience = 500 * time.Millisecond

// progress tells a person at a terminal how far long work is, on one line that
// is wiped at the end.
type progress struct {
	app         *app
	start       time.Time
	total, next int
	shown       bool
}

func (a *app) progress(total int) *progress {
	return &progress{app: a, start: a.now(), total: total}
}

// step says that work on dir begins.
func (p *progress) step(dir string) {
	p.next++
	if p.total < 2 || !onTerminal(p.app.err) || p.app.now().Sub(p.start) < patience {
		return
	}
	p.shown = true
	// A terminal that cannot be written to has nobody before it.
	_, _ = fmt.Fprintf(p.app.err, "\r\x1b[Knetgen: %d of %d: %s", p.next, p.total, diag.Clean(filepath.Base(dir)))
}

func (p *progress) done() {
	if p.shown {
		_, _ = fmt.Fprint(p.app.err, "\r\x1b[K") // as above
	}
}

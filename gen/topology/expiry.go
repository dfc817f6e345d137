package topology

import (
	"time"

	"netgen.dev/diag"
)

// soon is how long before its date a connection is warned of.
const soon = 30 * 24 * time.Hour

// CheckExpiry reports connections whose last day is past, and warns of those
// that are near, as seen from today. It is apart from the other rules since
// what netgen writes must not depend on a clock.
func CheckExpiry(models []*Topology, locate Locator, today time.Time) diag.List {
	var list diag.List
	for _, t := range models {
		r := &reporter{locate: locate, env: t.Environment, list: &list}
		for _, e := range t.Edges {
			expires := e.Connection.Expires
			if expires.IsZero() {
				continue
			}
			path, day := append(e.Path, "expires"), expires.Format(time.DateOnly)
			switch left := expires.Sub(today.UTC().Truncate(24 * time.Hour)); {
			case left < 0:
				r.errorf(diag.Expired, path, atValue, "the connection from %s to %s expired on %s", e.Caller.Name, e.Callee.Name, day).
					Hint = "remove it, or agree on a new date"
			case left <= soon:
				r.warnf(diag.ExpiresSoon, path, atValue, "the connection from %s to %s expires on %s", e.Caller.Name, e.Callee.Name, day)
			}
		}
	}
	return list
}

// Package changestest holds the diffs that the formats of report/changes are tested
// with: here, and in conformance by parsers that others wrote.
package changestest

import (
	"netgen.dev/diag"
	"netgen.dev/proof/connectivity"
	"netgen.dev/proof/diff"
)

// TCP is some ports of TCP.
func TCP(ports ...uint16) connectivity.Ports {
	var out []connectivity.Range
	for _, p := range ports {
		out = append(out, connectivity.Range{Protocol: connectivity.TCP, First: p, Last: p})
	}
	return connectivity.PortsOf(out...)
}

// At is a line of a topology.
func At(line int) *diag.Pos {
	return &diag.Pos{File: "topologies/shop/topology.cue", Line: line, Column: 3}
}

// Service is an end that is a service.
func Service(name string) *diff.End {
	return &diff.End{Kind: diff.ServiceEnd, Name: name, Namespace: "shop"}
}

// The directions of a change.
var (
	ingress = []connectivity.Direction{connectivity.Ingress}
	egress  = []connectivity.Direction{connectivity.Egress}
	Both    = []connectivity.Direction{connectivity.Ingress, connectivity.Egress}
)

// Rich has every kind of change, every kind of end, and every field. The order is
// not that in which it should be shown.
func Rich() *diff.Diff {
	return &diff.Diff{Old: "main", New: "worktree", Topologies: []diff.Topology{
		{
			Name: "billing", OldVersion: "0.3.1", NewVersion: "0.3.1", Unchanged: []string{"prod"},
			Sections: []diff.Section{{Environments: []string{"dev"}, Changes: []diff.Change{
				{
					Kind: diff.Renamed, Class: diff.Neutral, Subject: "service ledger", Note: "it was books",
					Pos: &diag.Pos{File: "topologies/billing/topology.cue", Line: 9},
				},
			}}},
		},
		{
			Name: "shop", OldVersion: "1.4.0", NewVersion: "1.5.0", Unchanged: []string{"prod"},
			Sections: []diff.Section{
				{Environments: []string{"dev"}, Changes: []diff.Change{
					{
						Kind: diff.Opened, Class: diff.Widened, Source: Service("frontend"),
						Destination: &diff.End{Kind: diff.PeerEnd, Name: "stripe"}, Opened: TCP(443), Directions: egress,
						Internet: true, Pos: At(41), Why: "cards are charged by Stripe", Owner: "team-payments", Ticket: "SHOP-311",
					},
					{
						Kind: diff.Opened, Class: diff.Neutral, Source: Service("frontend"), Destination: Service("search"),
						Opened: TCP(8080), Directions: egress, Pos: At(44),
					},
					{Kind: diff.InvariantMet, Class: diff.Neutral, Subject: "invariant no-admin", Pos: At(70)},
					{
						Kind: diff.Redefined, Class: diff.Widened, Subject: "invariant audit", Pos: At(72), Why: "SOC 2",
						Note: "it was only api → cards and is only api, web → cards",
					},
					{
						Kind: diff.Restated, Class: diff.Neutral, Source: Service("frontend"), Destination: &diff.End{Kind: diff.ServiceEnd, Name: "ledger", Namespace: "billing"},
						Pos: At(46), Why: "invoices", Expires: "2027-01-31", Note: "expires was nothing and is \"2027-01-31\"",
					},
					{
						Kind: diff.IsolationGained, Class: diff.Narrowed, Subject: "namespace shop", Members: []string{"cache", "search"}, Directions: Both, Closes: true,
					},
					{Kind: diff.Added, Class: diff.Neutral, Subject: "service search", Pos: At(30), Owner: "team-search"},
					{Kind: diff.IsolationGained, Class: diff.Narrowed, Subject: "service cache", Directions: ingress, Pos: At(33)},
					{
						Kind: diff.Undecided, Class: diff.Widened, Subject: "CiliumNetworkPolicy shop/extra",
						Path: "services.backend",
					},
				}},
				staging(),
				{Environments: []string{"qa"}, Changes: []diff.Change{
					{Kind: diff.Removed, Class: diff.Widened, Subject: "environment qa", Pos: At(80), Before: true, Internet: true},
				}},
			},
		},
		{Name: "same", OldVersion: "1.0.0", NewVersion: "1.0.0", Unchanged: []string{"dev"}},
	}}
}

func staging() diff.Section {
	return diff.Section{Environments: []string{"dev", "staging"}, Changes: []diff.Change{
		{
			Kind: diff.Closed, Class: diff.Narrowed, Source: Service("backend"), Destination: Service("cache"),
			Closed: TCP(6379), Directions: Both, Pos: At(52), Before: true, Why: "sessions are kept in Redis", Ticket: "SHOP-12",
		},
		{
			Kind: diff.Changed, Class: diff.Widened, Source: Service("frontend"), Destination: Service("backend"),
			Opened: TCP(8443, 9000), Closed: TCP(8080), Directions: Both, Pos: At(47), Why: "TLS everywhere", Owner: "team-web",
		},
		{
			Kind: diff.Opened, Class: diff.Widened,
			Source:      &diff.End{Kind: diff.PodsEnd, Name: "app=prometheus", Namespace: "monitoring"},
			Destination: &diff.End{Kind: diff.GroupEnd, Name: "backends"},
			Opened:      connectivity.AllPorts, Rules: []string{"shop/shop.legacy, ingress[0]", "shop/shop.legacy, ingress[2]"},
		},
		{
			Kind: diff.Changed, Class: diff.Narrowed,
			Source: &diff.End{
				Kind: diff.SeveralEnd, Name: "all that resolve names",
				Members: []string{"frontend", "backend", "cart", "checkout", "search", "mail", "stock"},
			},
			Destination: &diff.End{Kind: diff.DNSEnd}, Closed: TCP(53), Pos: At(12),
		},
		{
			Kind: diff.Closed, Class: diff.Narrowed, Source: &diff.End{Kind: diff.AnybodyEnd, Name: "anybody"},
			Destination: &diff.End{Kind: diff.AddressEnd, Name: "10.0.0.0/8"},
			Closed:      connectivity.Ports{{Protocol: connectivity.UDP, First: 30000, Last: 32000}},
		},
		{
			Kind: diff.IsolationLost, Class: diff.Widened, Subject: "namespace shop", Directions: ingress,
			Pos: At(7), Before: true, Note: "spec.policyTypes lists Egress only",
		},
		{Kind: diff.IsolationLost, Class: diff.Widened, Subject: "service cart", Directions: Both, Pos: At(8)},
		{
			Kind: diff.InvariantBroken, Class: diff.Widened, Subject: "invariant pci", Source: Service("frontend"),
			Destination: Service("cards"), Opened: TCP(5432), Pos: At(66), Why: "card data stays apart",
		},
		{Kind: diff.Redefined, Class: diff.Widened, Subject: "group backends", Pos: At(20), Closes: true, Note: "search is a member now"},
		{Kind: diff.Removed, Class: diff.Neutral, Subject: "peer old-gateway", Pos: At(60), Before: true},
		{Kind: diff.IsolationLost, Class: diff.Widened, Subject: "pods app=mail of namespace shop", Directions: egress, Internet: true},
		{Kind: diff.IsolationGained, Class: diff.Narrowed, Subject: "namespace cards", Directions: egress},
		{Kind: diff.IsolationGained, Class: diff.Narrowed, Subject: "namespace stock"},
	}}
}

// Ordinary is what most pull requests are like.
func Ordinary() *diff.Diff {
	return &diff.Diff{Old: "main", New: "worktree", Topologies: []diff.Topology{{
		Name: "shop", OldVersion: "1.4.0", NewVersion: "1.5.0",
		Sections: []diff.Section{{Environments: []string{"dev", "prod"}, Changes: []diff.Change{
			{
				Kind: diff.Opened, Class: diff.Widened, Source: Service("frontend"), Destination: Service("backend"),
				Opened: TCP(8080), Pos: At(31), Why: "the basket asks for stock", Owner: "team-web", Ticket: "SHOP-7",
			},
		}}},
	}}}
}

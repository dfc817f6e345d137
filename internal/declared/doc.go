// Package declared says what a topology means, for tests: the places that a flow
// may start or end at, and which flows are meant between them.
//
//	topology.Topology ─▶ World: pods, addresses, witnesses  (world, places, resolver)
//	                  ─▶ Truth: which flows are meant       (truth, ends, probes)
//
// Both are derived from the model of the topology and from the text of the
// language, one rule of it at a time, and never from the plan or the policies:
// what evaluates policies, or sends packets, is held against them.
//
// It is no part of the proof. That compares all ports at once and scales; this
// answers for one probe between two places, and is meant to be read.
package declared

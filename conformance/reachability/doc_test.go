// Package reachability holds what the emitted policies let through, as cyclonus
// sees it, against what the topology declares.
//
//	topology.Topology ─▶ world: pods and addresses     (internal/declared)
//	                  ─▶ truth: which flows are meant  (internal/declared)
//	netgen's stream   ─▶ the API server's defaults ─▶ cyclonus: which flows pass
//	                     both ─▶ compare, cell by cell (compare_test)
//
// The truth is derived from the model of the topology and from the text of the
// language, never from the plan or the policies.
package reachability

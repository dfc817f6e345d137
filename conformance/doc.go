// Package conformance holds what netgen emits against other people's code: a
// test here passes only where somebody who has never seen netgen agrees.
//
//   - validation: the API server's own decoder, defaults and validation accept
//     every policy.
//   - reachability: cyclonus, an independent evaluator of NetworkPolicies, finds
//     open exactly what the topology declares.
//   - evaluator: netgen's own evaluator answers as the suites of cyclonus,
//     Kubernetes and kube-network-policies do, and as they do on random policies.
//   - formats: parsers of Markdown, JSON schemas and SARIF read what netgen diff
//     writes, whatever a topology holds.
//   - browser: Chromium shows the page of netgen graph, and is used like a person
//     would. It is skipped where there is no Chromium.
//   - cuecommand: the ordinary cue command vets and formats the topologies, and
//     its language server completes the fields of the schema.
//   - browser: Chromium shows the pages of netgen graph without a word on the
//     console or a request, and does what their readers do.
//
// go test ./... runs everything and needs nothing but Go and the module proxy, and
// Chromium for the pages, which are skipped without (NETGEN_BROWSER=required fails);
// with -v it says how many cells were compared. Each test has controls: mistakes
// that are made on purpose and must be noticed.
//
// It is a module of its own so that these projects stay out of netgen's go.mod.
package conformance

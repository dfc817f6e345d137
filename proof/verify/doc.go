// Package verify proves that policies let through exactly what a topology
// declares, no more and no less, and that its invariants hold.
//
// It takes the declaration as the plan words it and the policies as objects,
// whoever made them, and compares two tables: what each pod should send and
// accept, from the declared flows; and what it can, from package connectivity.
// The tables have the declared services and peers, and witnesses: pods that
// nobody declared, pods of other namespaces with the same labels, addresses
// just inside and just outside each range, the metadata service. Ports are
// compared as sets over all of them, so that neighbours need no witness.
//
// Pods of namespaces that hold nothing of the topology are for others to isolate.
// What counts of them is whether a declared connection passes at the end of its
// peer as well.
//
// Where much differs, it looks for one cause, by undoing an accident and proving
// the rest again. For this alone it is given the policies that netgen builds: the
// proof knows nothing of them.
//
// It imports nothing of the compiler but the vocabulary of the model and the
// plan.
package verify

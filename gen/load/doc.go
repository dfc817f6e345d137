// Package load turns a CUE package on disk into plain data with the places
// where the user wrote it.
//
// It reads one snapshot of the files first (regular files only, inside the CUE
// module, within limits) and lets CUE see nothing else: no registry, no
// environment, no cache directory, no other file of the disk. The schema comes
// from the binary, whatever copy the module holds.
//
// It is the only importer of cuelang.org/go. What the data means is not its
// business: that is package topology.
package load
